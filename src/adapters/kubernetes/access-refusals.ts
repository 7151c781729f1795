/** Refusals because of who asks, or because nobody was there to answer. */
import type { Explanation } from './creation-refusal.ts';

export const unreachable: Explanation = ({ status, text, object }) => {
  if (status !== null) return null;
  return {
    code: 'CLUSTER_UNREACHABLE',
    message: `${object} could not be created: ${text}.`,
    hint: 'Check that the API server is up, and that the gateway can reach it.',
  };
};

export const unauthorized: Explanation = ({ status, object }) => {
  if (status !== 401) return null;
  return {
    code: 'CLUSTER_FORBIDDEN',
    message: `${object} could not be created: the API server does not accept the gateway's credentials.`,
    hint: "Check the gateway's service account token, or its kubeconfig.",
  };
};

/** The roles have no rule for it (RBAC). */
export const withoutPermission: Explanation = ({ text }) => {
  const denied = /User "([^"]*)" cannot (\w+) resource "([^"]*)" in API group "([^"]*)"(.*)/.exec(text);
  if (denied === null) return null;
  const [, user, verb, resource, group, place = ''] = denied;
  const where = /namespace "([^"]*)"/.exec(place)?.[1];
  return {
    code: 'CLUSTER_FORBIDDEN',
    message: `The gateway (${user}) may not ${verb} ${resource} ${where === undefined ? 'in the whole cluster' : `in namespace ${where}`}.`,
    hint: `Add a rule to the gateway's role${where === undefined ? '' : ', if the namespace exists'}: apiGroups ["${group}"], resources ["${resource}"], verbs ["${verb}"].`,
  };
};

/** Kubernetes lets nobody give away more than they have. */
export const escalation: Explanation = ({ text, object }) => {
  if (!/attempting to grant RBAC permissions not currently held/.test(text)) return null;
  return {
    code: 'CLUSTER_FORBIDDEN',
    message: `${object} could not be created: it would give the kernel more permissions than the gateway has.`,
    hint: "Name a smaller role (EG_KERNEL_CLUSTER_ROLE), or give the gateway's role all that this one has.",
  };
};
