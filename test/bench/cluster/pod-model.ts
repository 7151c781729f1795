/** Bare pods are copies of one that the gateway has made, so that both launch the very same thing. */
import type { V1Container, V1EnvVar, V1Pod, V1PodSpec } from '@kubernetes/client-node';

/** Which kernel, and where. */
export interface PodIdentity {
  kernelId: string;
  name: string;
  namespace: string;
}

/** Volumes with the service account's token, which the API server adds to each pod by itself. */
const tokenVolume = /^kube-api-access-/;
/** Labels of bare pods: no gateway may take them for its own. */
export const benchLabel = 'kernelgate-bench';

/**
 * A manifest like that of `model`, for another kernel.
 *
 * @param model as the API shows it: what the cluster has added is left out
 * @param variables replace those of the same names in the kernel's container
 */
export function copyOf(
  model: V1Pod,
  identity: PodIdentity,
  variables: Record<string, string>,
  run: string,
): V1Pod {
  const spec = specOf(renamed(model, identity));
  const [kernel, ...others] = spec.containers;
  if (kernel === undefined) {
    throw new Error(`Pod ${model.metadata?.name} has no container`);
  }
  const containers = [{ ...kernel, env: replaced(kernel.env ?? [], variables) }, ...others];
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: identity.name,
      namespace: identity.namespace,
      labels: { [benchLabel]: run, kernel_id: identity.kernelId },
      ...(model.metadata?.annotations && { annotations: model.metadata.annotations }),
    },
    spec: { ...spec, containers },
  };
}

/** Name, namespace and id stand in many places: in the environment, as the container's name. */
function renamed({ metadata, spec }: V1Pod, { kernelId, name, namespace }: PodIdentity): V1PodSpec {
  const changes: [string | undefined, string][] = [
    [metadata?.name, name],
    [metadata?.namespace, namespace],
    [metadata?.labels?.['kernel_id'], kernelId],
  ];
  const known = changes.filter(([from]) => from !== undefined && from !== '');
  const text = known.reduce(
    (all, [from, to]) => all.replaceAll(JSON.stringify(from), JSON.stringify(to)),
    JSON.stringify(spec),
  );
  const copy = JSON.parse(text) as V1PodSpec;
  // May be called like the namespace: default.
  return { ...copy, ...(spec?.serviceAccountName && { serviceAccountName: spec.serviceAccountName }) };
}

function specOf(spec: V1PodSpec): V1PodSpec {
  // Who runs it where is decided anew; the rest of what the cluster adds is the same for each pod.
  const { nodeName, tolerations, serviceAccount, priority, preemptionPolicy, volumes, ...rest } = spec;
  return {
    ...rest,
    volumes: volumes?.filter(({ name }) => !tokenVolume.test(name)) ?? [],
    containers: spec.containers.map(withoutToken),
  };
}

function withoutToken(container: V1Container): V1Container {
  const volumeMounts = container.volumeMounts?.filter(({ name }) => !tokenVolume.test(name)) ?? [];
  return { ...container, volumeMounts };
}

function replaced(env: V1EnvVar[], variables: Record<string, string>): V1EnvVar[] {
  const kept = env.filter(({ name }) => !Object.hasOwn(variables, name));
  return [...kept, ...Object.entries(variables).map(([name, value]) => ({ name, value }))];
}
