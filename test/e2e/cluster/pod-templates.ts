/** Templates of pods, for kernelspecs whose kernels are to come to grief. */
import type { V1Container, V1PodSpec } from '@kubernetes/client-node';
import type { ClusterSpec } from './gateway-on-cluster.ts';

/** A kernelspec whose pod is as simple as can be, with these in its first container and in its spec. */
export function podSpec(
  image: ClusterSpec['image'],
  container: Partial<V1Container> = {},
  spec: Partial<V1PodSpec> = {},
): ClusterSpec {
  const kernel = { name: '{{ kernel_pod_name }}', image: '{{ kernel_image }}', ...container };
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: '{{ kernel_pod_name }}', namespace: '{{ kernel_namespace }}' },
    spec: {
      serviceAccountName: '{{ kernel_service_account_name }}',
      securityContext: { runAsUser: 1000, runAsGroup: 100 },
      ...spec,
      containers: [kernel, ...(spec.containers ?? [])],
    },
  };
  // JSON is YAML. In one line, braces that end together would be taken for the end of an expression.
  return { image, files: { 'kernel-pod.yaml.j2': JSON.stringify(pod, null, 1) } };
}

/** The same, running a Python script in place of a kernel. */
export function scriptPod(
  image: ClusterSpec['image'],
  script: string,
  container: Partial<V1Container> = {},
  spec: Partial<V1PodSpec> = {},
): ClusterSpec {
  return podSpec(image, { command: ['python3', '-c', script], ...container }, spec);
}
