/** Kernels brought to a certain point of their lives. */
import { type KernelOptions, KernelUnderTest } from './kernel-under-test.ts';
import type { PortCall } from './pending-calls.ts';

export const OWN_NAMESPACE = { ownNamespace: 'alice-kernel' };

/** By the name of the state that the kernel is in. */
export const STAGES = {
  checking: async (options: KernelOptions = {}) => new KernelUnderTest(options),
  namespaceProvisioning: async (options: KernelOptions = {}) => {
    const kernel = new KernelUnderTest({ ...options, plan: { ...OWN_NAMESPACE, ...options.plan } });
    await kernel.answer('check');
    return kernel;
  },
  podCreating: (options: KernelOptions = {}) => launched([], options),
  podPending: async (options: KernelOptions = {}) => {
    const kernel = await STAGES.podCreating(options);
    await kernel.answerWith('createPod', { ip: '' });
    return kernel;
  },
  handshaking: (options: KernelOptions = {}) => launched(['createPod'], options),
  recording: (options: KernelOptions = {}) => launched(['createPod', 'awaitHandshake'], options),
  awaitingKernelInfo: (options: KernelOptions = {}) =>
    launched(['createPod', 'awaitHandshake', 'saveRecord'], options),
  running: async (options: KernelOptions = {}) => {
    const kernel = await STAGES.awaitingKernelInfo(options);
    await kernel.channel({ type: 'channels.ready' });
    return kernel;
  },
  shuttingDown: async (options: KernelOptions = {}) => {
    const kernel = await STAGES.running(options);
    await kernel.send({ type: 'shutdown' });
    return kernel;
  },
  shuttingDownToRestart: async (options: KernelOptions = {}) => {
    const kernel = await STAGES.running(options);
    await kernel.send({ type: 'restart' });
    return kernel;
  },
  restartDeleting: async (options: KernelOptions = {}) => {
    const kernel = await STAGES.running(options);
    await kernel.podGone();
    return kernel;
  },
  /** The second death in a row: the first restart comes at once. */
  restartWaiting: async (options: KernelOptions = {}) => {
    const kernel = await STAGES.restartDeleting(options);
    await restarted(kernel);
    await kernel.podGone();
    await kernel.answer('deletePod');
    return kernel;
  },
  adopting: async (options: KernelOptions = {}) => new KernelUnderTest({ ...options, adopted: true }),
} as const;

/** Takes a kernel whose pod is to be removed to its next one, which is written down and has yet to answer. */
export async function podReplaced(kernel: KernelUnderTest): Promise<void> {
  await kernel.answer('deletePod');
  await kernel.pass(0);
  await kernel.answer('createPod', 'awaitHandshake', 'saveRecord');
}

/** Takes a kernel whose pod is to be removed to its next run. */
export async function restarted(kernel: KernelUnderTest): Promise<void> {
  await podReplaced(kernel);
  await kernel.channel({ type: 'channels.ready' });
}

export async function adoptedAndRunning(options: KernelOptions = {}): Promise<KernelUnderTest> {
  const kernel = await STAGES.adopting(options);
  await kernel.answer('adoptPod');
  await kernel.channel({ type: 'channels.ready' });
  return kernel;
}

/** Answers the check and, where one is made, the namespace's creation; then `calls`. */
async function launched(calls: PortCall[], options: KernelOptions): Promise<KernelUnderTest> {
  const kernel = new KernelUnderTest(options);
  await kernel.answer('check');
  if (options.plan?.ownNamespace) await kernel.answer('createNamespace');
  await kernel.answer(...calls);
  return kernel;
}

/** Takes a kernel that is ending to its end, with nothing going wrong any more, whatever has to be waited for. */
export async function ended(kernel: KernelUnderTest): Promise<KernelUnderTest> {
  await kernel.answerAll();
  for (let turns = 0; kernel.outcome === undefined && turns < MOST_TURNS; turns += 1)
    await kernel.pass(10_000);
  return kernel;
}

/** More than the longest row of waits that leads to an end. */
const MOST_TURNS = 20;
