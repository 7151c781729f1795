/** Refusals because of the object itself, or of what it needs beside it. */
import { codeOfKind, type Explanation } from './creation-refusal.ts';

export const namespaceEnding: Explanation = ({ text, namespace }) => {
  if (!/because it is being terminated|^object is being deleted: namespaces/.test(text)) return null;
  return {
    code: 'NAMESPACE_FAILED',
    message: `Namespace ${namespace} is being deleted.`,
    hint: 'Try again when it is gone, or choose another namespace.',
  };
};

export const namespaceMissing: Explanation = ({ status, text }) => {
  const name = status === 404 ? /^namespaces "([^"]*)" not found/.exec(text)?.[1] : undefined;
  if (name === undefined) return null;
  return {
    code: 'NAMESPACE_NOT_FOUND',
    message: `There is no namespace ${name} in the cluster.`,
    hint: 'Create it, or leave KERNEL_NAMESPACE out.',
  };
};

export const accountMissing: Explanation = ({ text, namespace }) => {
  const name = /serviceaccount "([^"]*)" not found/i.exec(text)?.[1];
  if (name === undefined) return null;
  return {
    code: 'SERVICE_ACCOUNT_NOT_FOUND',
    message: `There is no service account ${name} in namespace ${namespace}.`,
    hint: 'Create it, or name another one (KERNEL_SERVICE_ACCOUNT_NAME).',
  };
};

/** The answer names the role as if it were the binding. */
export const roleMissing: Explanation = ({ status, text, object, kind }) => {
  const name = /^rolebindings\S* "([^"]*)" not found/.exec(text)?.[1];
  if (status !== 404 || kind !== 'RoleBinding' || name === undefined) return null;
  return {
    code: 'NAMESPACE_FAILED',
    message: `${object} could not be created: there is no cluster role ${name}.`,
    hint: 'Create it, or name another one (EG_KERNEL_CLUSTER_ROLE).',
  };
};

export const invalid: Explanation = ({ status, text, object }) => {
  if (status !== 422 && status !== 400 && status !== 413) return null;
  const fault = text
    .replace(/^.* cannot be handled as a \w+: /, '')
    .replaceAll(/ \(e\.g\. [^)]*, regex used for validation is '[^']*'\)/g, '');
  return {
    code: 'LAUNCH_REFUSED',
    message: `${object} is not valid: ${fault}.`,
    hint: 'Correct this field in the pod template, or the KERNEL_* value that it is made from.',
  };
};

export const unknownKind: Explanation = ({ status, text, kind }) => {
  if (status !== 404 || !/404 page not found|could not find the requested resource/.test(text)) return null;
  return {
    code: codeOfKind(kind),
    message: `The cluster knows no objects of kind ${kind}.`,
    hint: 'Install what defines this kind (its CustomResourceDefinition), or correct apiVersion and kind in the template.',
  };
};

export const existing: Explanation = ({ status, text, object, kind }) => {
  if (status !== 409 || !/already exists/.test(text)) return null;
  const isGoing = /^object is being deleted/.test(text);
  return {
    code: codeOfKind(kind),
    message: `${object} ${isGoing ? 'of an earlier kernel is still being deleted' : 'exists already'}.`,
    hint: isGoing ? 'Try again in a moment.' : 'Choose another name (KERNEL_POD_NAME), or remove it.',
  };
};
