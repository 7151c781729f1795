import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  creationFailureOf,
  isServiceAccountPending,
  isTransient,
} from '../../../src/adapters/kubernetes/api-failure.ts';
import { ClusterError } from '../../../src/adapters/kubernetes/cluster.ts';

interface Answer {
  code: number;
  reason: string;
  message: string;
}

/** Answers of a real API server. */
const answers = JSON.parse(
  readFileSync(join(import.meta.dirname, 'fixtures', 'api-refusals.json'), 'utf8'),
) as Record<string, Answer>;

function answered(name: string): ClusterError {
  const { code, reason, message } = answers[name] ?? { code: 0, reason: '', message: name };
  return new ClusterError(code, reason, message);
}

const POD = { kind: 'Pod', metadata: { name: 'k', namespace: 'kernels' } };
const CLAIM = { kind: 'PersistentVolumeClaim', metadata: { name: 'home', namespace: 'kernels' } };
const BINDING = { kind: 'RoleBinding', metadata: { name: 'kernel-controller', namespace: 'kernels' } };
const NAMESPACE = { kind: 'Namespace', metadata: { name: 'alice-1' } };

describe('a refusal says what stood in the way', () => {
  test.each([
    [
      'quota-exceeded',
      POD,
      'QUOTA_EXCEEDED: Quota kernels of namespace kernels is used up: it allows pods=0, pods=0 is in use, and this kernel asks for pods=1.',
    ],
    [
      'pvc-quota',
      CLAIM,
      'QUOTA_EXCEEDED: Quota kernels of namespace kernels is used up: it allows persistentvolumeclaims=0, requests.storage=1Gi, persistentvolumeclaims=0, requests.storage=0 is in use, and this kernel asks for persistentvolumeclaims=1, requests.storage=2Gi.',
    ],
    [
      'quota-must-specify',
      POD,
      'ADMISSION_DENIED: Quota kernels of namespace kernels demands that the pod says its limits.memory.',
    ],
    [
      'limit-range',
      POD,
      'ADMISSION_DENIED: A LimitRange of namespace kernels refuses the pod: maximum memory usage per Container is 1Gi, but limit is 8Gi.',
    ],
    ['namespace-missing', POD, 'NAMESPACE_NOT_FOUND: There is no namespace nowhere in the cluster.'],
    ['namespace-terminating', POD, 'NAMESPACE_FAILED: Namespace kernels is being deleted.'],
    ['namespace-terminating-exists', NAMESPACE, 'NAMESPACE_FAILED: Namespace alice-1 is being deleted.'],
    ['namespace-exists', NAMESPACE, 'NAMESPACE_FAILED: Namespace alice-1 exists already.'],
    [
      'service-account-missing',
      POD,
      'SERVICE_ACCOUNT_NOT_FOUND: There is no service account nobody in namespace kernels.',
    ],
    [
      'priority-class-missing',
      POD,
      'ADMISSION_DENIED: Pod k in namespace kernels could not be created: no PriorityClass with name nope was found.',
    ],
    [
      'invalid-one',
      POD,
      'LAUNCH_REFUSED: Pod k in namespace kernels is not valid: spec.containers[0].volumeMounts[0].name: Not found: "none".',
    ],
    [
      'namespace-invalid',
      NAMESPACE,
      'LAUNCH_REFUSED: Namespace alice-1 is not valid: metadata.name: Invalid value: "Gate_B": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or \'-\', and must start and end with an alphanumeric character.',
    ],
    [
      'bad-quantity',
      POD,
      "LAUNCH_REFUSED: Pod k in namespace kernels is not valid: quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'.",
    ],
    ['exists', POD, 'POD_CREATION_FAILED: Pod k in namespace kernels exists already.'],
    [
      'unauthorized',
      POD,
      "CLUSTER_FORBIDDEN: Pod k in namespace kernels could not be created: the API server does not accept the gateway's credentials.",
    ],
    [
      'role-binding-escalation',
      BINDING,
      'CLUSTER_FORBIDDEN: RoleBinding kernel-controller in namespace kernels could not be created: it would give the kernel more permissions than the gateway has.',
    ],
    [
      'cluster-role-missing',
      BINDING,
      'NAMESPACE_FAILED: RoleBinding kernel-controller in namespace kernels could not be created: there is no cluster role nowhere.',
    ],
  ])('%s', (name, object, text) => {
    const { code, message } = creationFailureOf(answered(name), object);
    expect(`${code}: ${message}`).toBe(text);
  });

  test('a permission that is missing is named as a rule for the role', () => {
    expect(creationFailureOf(answered('forbidden-rolebinding'), BINDING)).toEqual({
      code: 'CLUSTER_FORBIDDEN',
      message:
        'The gateway (system:serviceaccount:enterprise-gateway:enterprise-gateway-sa) may not create rolebindings in namespace kernels.',
      hint: 'Add a rule to the gateway\'s role, if the namespace exists: apiGroups ["rbac.authorization.k8s.io"], resources ["rolebindings"], verbs ["create"].',
    });
    expect(creationFailureOf(answered('forbidden-namespace'), NAMESPACE).message).toMatch(
      /may not create namespaces in the whole cluster\.$/,
    );
  });

  test('a pod security level lists what it misses, and keeps to a readable length', () => {
    const { code, message } = creationFailureOf(answered('pod-security'), POD);
    expect(code).toBe('ADMISSION_DENIED');
    expect(message).toMatch(
      /^Namespace kernels accepts only pods of security level restricted:latest: privileged/,
    );
    expect(message.length).toBeLessThan(620);
  });

  test.each([
    [
      403,
      'admission webhook "validate.kyverno.svc" denied the request: images must be signed',
      'Pod k in namespace kernels could not be created: admission webhook validate.kyverno.svc denies it: images must be signed.',
    ],
    [
      400,
      'admission webhook "a.example.com" denied the request without explanation',
      'Pod k in namespace kernels could not be created: admission webhook a.example.com denies it.',
    ],
    [
      500,
      'Internal error occurred: failed calling webhook "a.example.com": failed to call webhook: Post "https://a.svc:443/": context deadline exceeded',
      'Pod k in namespace kernels could not be created: admission webhook a.example.com does not answer: failed to call webhook: Post "https://a.svc:443/": context deadline exceeded.',
    ],
    [
      422,
      "pods \"k\" is forbidden: ValidatingAdmissionPolicy 'sizes' with binding 'sizes' denied request: too big",
      "Pod k in namespace kernels could not be created: ValidatingAdmissionPolicy 'sizes' with binding 'sizes' denied request: too big.",
    ],
  ])('an admission rule is named, whatever status it answers with: %i', (status, message, text) => {
    expect(creationFailureOf(new ClusterError(status, '', message), POD)).toMatchObject({
      code: 'ADMISSION_DENIED',
      message: text,
    });
  });

  test.each([
    [
      null,
      'the Kubernetes API server https://10.0.0.1 cannot be reached: connect ECONNREFUSED',
      'CLUSTER_UNREACHABLE',
    ],
    [429, 'too many requests', 'CLUSTER_UNREACHABLE'],
    [503, 'apiserver is shutting down', 'CLUSTER_UNREACHABLE'],
    [
      404,
      'the Kubernetes API server answered POST /apis/a with 404 Not Found: 404 page not found',
      'POD_CREATION_FAILED',
    ],
    [418, 'I am a teapot', 'POD_CREATION_FAILED'],
  ])('trouble of the API server itself: %s', (status, message, code) => {
    expect(creationFailureOf(new ClusterError(status, '', message), POD).code).toBe(code);
  });

  test('any answer becomes one printable line with a hint', () => {
    const status = fc.option(fc.integer({ min: 400, max: 599 }));
    fc.assert(
      fc.property(status, fc.string({ unit: 'binary', maxLength: 800 }), (code, text) => {
        const failure = creationFailureOf(new ClusterError(code, '', text), POD);
        expect(failure.message).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
        expect(failure.message.length).toBeLessThan(700);
        expect(failure.hint).not.toBe('');
      }),
    );
  });
});

describe('what may pass by itself', () => {
  test.each([null, 408, 429, 500, 502, 503, 504])('is tried again: status %s', (status) => {
    expect(isTransient(new ClusterError(status, '', ''))).toBe(true);
  });

  test('is a quota that several pods were counted against at once', () => {
    const conflict = new ClusterError(
      409,
      'Conflict',
      'Operation cannot be fulfilled on resourcequotas "kernels": the object has been modified',
    );
    expect(isTransient(conflict)).toBe(true);
  });

  test.each(['exists', 'quota-exceeded', 'unauthorized', 'invalid', 'namespace-missing'])(
    'is not: %s',
    (name) => {
      expect(isTransient(answered(name))).toBe(false);
    },
  );

  test('is a service account that a new namespace does not have yet', () => {
    expect(isServiceAccountPending(answered('service-account-missing'))).toBe(true);
    expect(isServiceAccountPending(answered('limit-range'))).toBe(false);
  });
});
