/** Who made an object in the cluster: by that a gateway finds what it, or one that is gone, has left behind. */
import { randomUUID } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { GATEWAY_LABEL, GATEWAY_NAMESPACE_LABEL } from './kernel-labels.ts';

export interface IdentitySources {
  /** Where kernels are kept over restarts of the gateway; null when they are not. */
  persistenceRoot: string | null;
  /** `ip:port` of the response listener: no two gateways have it at the same time. */
  responseAddress: string;
  /** Set when the gateway itself is a pod. */
  pod: { name: string; namespace: string } | null;
}

/** Characters that Kubernetes takes in the value of a label. */
const LONGEST_LABEL = 63;

/**
 * Labels for everything that a gateway makes. Gateways that take over each
 * other's kernels are one and the same here, a gateway's next process too.
 *
 * @throws Error when the identity that was kept can't be read
 */
export async function gatewayLabels(sources: IdentitySources): Promise<Record<string, string>> {
  const { persistenceRoot, responseAddress, pod } = sources;
  if (persistenceRoot !== null) return { [GATEWAY_LABEL]: await keptIdentity(persistenceRoot) };
  if (pod === null) return { [GATEWAY_LABEL]: labelValue(responseAddress) };
  return { [GATEWAY_LABEL]: gatewayPodLabel(pod.name), [GATEWAY_NAMESPACE_LABEL]: pod.namespace };
}

/** By which a gateway's pod is known: its name, as far as host names, and labels, can hold it. */
export function gatewayPodLabel(podName: string): string {
  return labelValue(podName);
}

/** One for each persistence root, made when it is first asked for. */
async function keptIdentity(root: string): Promise<string> {
  const file = join(root, 'kernelgate-identity');
  const kept = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    // Any other trouble may pass: a new identity would disown all that was made under the old one.
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  if (/^[0-9a-f-]{36}$/.test(kept.trim())) return kept.trim();
  const made = randomUUID();
  await mkdir(root, { recursive: true });
  await writeFileAtomic(file, `${made}\n`, { mode: 0o600 });
  return made;
}

/** Letters, digits, `-`, `_` and `.`; ends and begins with one of the first two. */
function labelValue(text: string): string {
  return text
    .replace(/[^\w.-]+/g, '-')
    .replace(/^[^a-z\d]+/i, '')
    .slice(0, LONGEST_LABEL)
    .replace(/[^a-z\d]+$/i, '');
}
