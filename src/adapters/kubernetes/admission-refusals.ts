/** Refusals because of rules that the cluster or the namespace has for what is created in it. */
import type { Explanation } from './creation-refusal.ts';

export const quotaExceeded: Explanation = ({ text, namespace }) => {
  const exceeded = /exceeded quota: (.+?), requested: (.+), used: (.+), limited: (.+)/.exec(text);
  if (exceeded === null) return null;
  const [quota, requested, used, limited] = exceeded.slice(1).map((part) => part.replaceAll(',', ', '));
  return {
    code: 'QUOTA_EXCEEDED',
    message: `Quota ${quota} of namespace ${namespace} is used up: it allows ${limited}, ${used} is in use, and this kernel asks for ${requested}.`,
    hint: 'Shut down kernels that are not needed, ask for less, or have the quota raised.',
  };
};

export const quotaUnmet: Explanation = ({ text, namespace }) => {
  const unmet = /failed quota: (.+?): must specify (.+?)(?: for: .+)?$/.exec(text);
  if (unmet === null) return null;
  return {
    code: 'ADMISSION_DENIED',
    message: `Quota ${unmet[1]} of namespace ${namespace} demands that the pod says its ${unmet[2]?.replaceAll(',', ', ')}.`,
    hint: 'Set KERNEL_CPUS, KERNEL_CPUS_LIMIT, KERNEL_MEMORY and KERNEL_MEMORY_LIMIT, or give the namespace a LimitRange with defaults.',
  };
};

export const webhook: Explanation = ({ text, object }) => {
  const denied = /admission webhook "([^"]*)" denied the request(?:: (.*)| without explanation)?/.exec(text);
  const failed = /failed calling webhook "([^"]*)": (.*)/.exec(text);
  const [, name, why = ''] = denied ?? failed ?? [];
  if (name === undefined) return null;
  const what =
    denied === null ? `admission webhook ${name} does not answer` : `admission webhook ${name} denies it`;
  return {
    code: 'ADMISSION_DENIED',
    message: `${object} could not be created: ${what}${why === '' ? '' : `: ${why}`}.`,
    hint: 'Ask those who run the cluster what this webhook wants of pods.',
  };
};

export const podSecurity: Explanation = ({ text, namespace }) => {
  const violated = /violates PodSecurity "([^"]*)": (.*)/.exec(text);
  if (violated === null) return null;
  const [, level, what] = violated;
  return {
    code: 'ADMISSION_DENIED',
    message: `Namespace ${namespace} accepts only pods of security level ${level}: ${what}.`,
    hint: 'Set what it names in the pod template, or launch the kernel in a namespace of another level.',
  };
};

export const limitRange: Explanation = ({ text, namespace }) => {
  if (!/^\[?(?:maximum|minimum|\w+ max limit to request ratio) /.test(text)) return null;
  return {
    code: 'ADMISSION_DENIED',
    message: `A LimitRange of namespace ${namespace} refuses the pod: ${text}.`,
    hint: 'Ask for an amount within these bounds (KERNEL_CPUS, KERNEL_MEMORY and their _LIMIT).',
  };
};

/** Validating policies answer 422 as well, as if a field were wrong. */
export const otherAdmission: Explanation = ({ status, text, object }) => {
  if (status !== 403 && !/ValidatingAdmissionPolicy/.test(text)) return null;
  return {
    code: 'ADMISSION_DENIED',
    message: `${object} could not be created: ${text}.`,
    hint: 'Change what it names in the pod template, or ask those who run the cluster.',
  };
};
