import type { V1Pod } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { copyOf } from './pod-model.ts';

const tokenVolume = 'kube-api-access-x7k2p';

/** As the API shows a pod that a gateway has made. */
const model: V1Pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: 'ada-1',
    namespace: 'ada-1',
    uid: 'a-uid',
    resourceVersion: '7',
    labels: { app: 'enterprise-gateway', component: 'kernel', kernel_id: '1', 'kernelgate-gateway': 'g' },
  },
  spec: {
    nodeName: 'node1',
    serviceAccountName: 'default',
    restartPolicy: 'Never',
    tolerations: [{ key: 'node.kubernetes.io/not-ready', operator: 'Exists' }],
    securityContext: { runAsUser: 1000 },
    volumes: [{ name: tokenVolume }, { name: 'work', emptyDir: {} }],
    containers: [
      {
        name: 'ada-1',
        image: 'kernel:1',
        env: [
          { name: 'KERNEL_ID', value: '1' },
          { name: 'KERNEL_NAMESPACE', value: 'ada-1' },
          { name: 'RESPONSE_ADDRESS', value: '10.0.0.1:8877' },
          { name: 'KERNEL_USERNAME', value: 'ada' },
        ],
        volumeMounts: [
          { name: tokenVolume, mountPath: '/var/run/secrets' },
          { name: 'work', mountPath: '/work' },
        ],
      },
    ],
  },
  status: { phase: 'Running' },
};
const identity = { kernelId: '2', name: 'bench-2', namespace: 'bench' };

describe('a bare pod like that of a gateway', () => {
  const copy = copyOf(model, identity, { RESPONSE_ADDRESS: '10.0.0.9:1', KERNEL_LAUNCH_TOKEN: 't' }, 'run');

  it('is the pod of another kernel', () => {
    const [container] = copy.spec?.containers ?? [];

    expect(copy.metadata).toMatchObject({ name: 'bench-2', namespace: 'bench' });
    expect(container?.name).toBe('bench-2');
    expect(container?.env).toContainEqual({ name: 'KERNEL_ID', value: '2' });
    expect(container?.env).toContainEqual({ name: 'KERNEL_USERNAME', value: 'ada' });
  });

  it('answers to the benchmark', () => {
    const env = copy.spec?.containers[0]?.env?.filter(({ name }) => !name.startsWith('KERNEL_ID'));

    expect(env).toContainEqual({ name: 'RESPONSE_ADDRESS', value: '10.0.0.9:1' });
    expect(env).toContainEqual({ name: 'KERNEL_LAUNCH_TOKEN', value: 't' });
    expect(env).not.toContainEqual({ name: 'RESPONSE_ADDRESS', value: '10.0.0.1:8877' });
  });

  it('keeps what the template says, and leaves out what the cluster has added', () => {
    const { spec, status } = copy;

    expect(spec).toMatchObject({ restartPolicy: 'Never', securityContext: { runAsUser: 1000 } });
    expect(spec?.volumes).toEqual([{ name: 'work', emptyDir: {} }]);
    expect(spec?.containers[0]?.volumeMounts).toEqual([{ name: 'work', mountPath: '/work' }]);
    expect([spec?.nodeName, spec?.tolerations, status, copy.metadata?.uid]).toEqual(Array(4).fill(undefined));
  });

  it('is left alone by gateways', () => {
    expect(copy.metadata?.labels).toEqual({ 'kernelgate-bench': 'run', kernel_id: '2' });
  });

  it('keeps the service account though it is called like the namespace', () => {
    const inDefault = { ...model, metadata: { ...model.metadata, namespace: 'default' } };

    expect(copyOf(inDefault, identity, {}, 'run').spec?.serviceAccountName).toBe('default');
  });
});
