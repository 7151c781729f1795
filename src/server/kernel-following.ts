/** Follows the kernels' lives, for those who are concerned: their clients, the sessions, the log. */
import type { Logger } from 'pino';
import type { Actor } from 'xstate';
import type { Settings } from '../adapters/config/settings.ts';
import type { gatewayMachine, KernelActor } from '../machines/gateway-machine.ts';
import type { KernelOutcome } from '../machines/kernel-state.ts';
import type { Kernels } from './kernels.ts';
import { maskedEnvironment } from './logging.ts';
import type { Sessions } from './sessions.ts';
import type { KernelRelay } from './websocket/kernel-relay.ts';
import type { Relays } from './websocket/relays.ts';

export interface Followers {
  gateway: Actor<typeof gatewayMachine>;
  kernels: Kernels;
  relays: Relays;
  sessions: Sessions;
  log: Logger;
  settings(): Settings;
  /** Removes what a kernel has left that can't do so itself any more. */
  cleanUp(kernelId: string): Promise<void>;
}

/** WebSocket close codes, RFC 6455 section 7.4.1. */
const NORMAL = 1000;
const GOING_AWAY = 1001;
const INTERNAL_ERROR = 1011;

export function followKernels(followers: Followers): void {
  const { gateway, kernels, relays, sessions, log, settings, cleanUp } = followers;
  gateway.on('kernel.added', ({ kernelId }) => {
    const relay = relays.add(kernelId, (clients) =>
      kernels.find(kernelId)?.send({ type: 'clients.changed', clients }),
    );
    // The actor starts only after this event, so that nothing of its life is missed.
    queueMicrotask(() => {
      const kernel = kernels.find(kernelId);
      if (kernel === undefined) return;
      const { env } = kernel.getSnapshot().context.plan;
      log.debug(
        { kernelId, environment: maskedEnvironment(env, settings()) },
        `environment of kernel ${kernelId}`,
      );
      followKernel(kernel, relay, log);
    });
  });
  gateway.on('kernel.removed', ({ kernelId, outcome }) => {
    const relay = relays.get(kernelId);
    relays.remove(kernelId);
    if (relay !== undefined) takeLeave(relay, outcome);
    logEnd(log, kernelId, outcome);
    if (outcome.outcome !== 'detached') void sessions.kernelEnded(kernelId).catch(logError(log, kernelId));
  });
  gateway.on('kernel.broken', ({ kernelId, error }) => {
    log.error({ kernelId, err: error }, `kernel ${kernelId} is lost by a fault of the gateway`);
    relays.get(kernelId)?.end(INTERNAL_ERROR, 'The gateway lost this kernel by a fault of its own');
    relays.remove(kernelId);
    void sessions.kernelEnded(kernelId).catch(logError(log, kernelId));
    void cleanUp(kernelId).catch(logError(log, kernelId));
  });
}

function followKernel(kernel: KernelActor, relay: KernelRelay, log: Logger): void {
  const { plan, adopted } = kernel.getSnapshot().context;
  const { kernelId, kernelName, username } = plan;
  log.info(
    { kernelId, kernelName, username },
    `kernel ${kernelId} (${kernelName}) is ${adopted ? 'adopted' : 'launched'}`,
  );
  if (adopted) relay.noteUnattended();
  followProgress(kernel, log);
  followDeath(kernel, relay);
  kernel.on('kernel.running', () => log.info({ kernelId }, `kernel ${kernelId} runs`));
  kernel.on('kernel.leaving', () => relay.leave());
  kernel.on('kernel.restarting', ({ automatic, failure }) => {
    if (failure === null) log.info({ kernelId }, `kernel ${kernelId} is restarted`);
    else
      log.warn(
        { kernelId, code: failure.code },
        `kernel ${kernelId} died and is restarted: ${failure.message}`,
      );
    relay.tellRestarting(automatic ? failure : null);
  });
  for (const problem of [
    'adoption.failed',
    'record.failed',
    'teardown.failed',
    'interrupt.failed',
  ] as const) {
    kernel.on(problem, ({ failure }) => {
      log.warn({ kernelId, code: failure.code }, `kernel ${kernelId}: ${failure.message} ${failure.hint}`);
    });
  }
}

/** Each step of a launch is logged; what keeps its pod waiting is what operators look for. */
function followProgress(kernel: KernelActor, log: Logger): void {
  const { kernelId } = kernel.getSnapshot().context.plan;
  let logged = '';
  kernel.subscribe((snapshot) => {
    const { progress } = snapshot.context;
    if (progress === logged || !snapshot.hasTag('launching')) return;
    logged = progress;
    const level = snapshot.matches({ launching: 'podPending' }) ? 'info' : 'debug';
    log[level]({ kernelId }, `kernel ${kernelId} is launched: ${progress}`);
  });
}

/** Told before what is left is removed, which may take a while: its clients wait for answers. */
function followDeath(kernel: KernelActor, relay: KernelRelay): void {
  let isTold = false;
  kernel.subscribe((snapshot) => {
    const { failure } = snapshot.context;
    if (isTold || failure === null || !snapshot.matches('tearingDown')) return;
    isTold = true;
    relay.tellDying(failure);
  });
}

function takeLeave(relay: KernelRelay, { outcome, reason, failure }: KernelOutcome): void {
  if (outcome === 'detached') {
    relay.end(GOING_AWAY, 'The gateway is going away; the kernel runs on');
  } else if (failure !== null) {
    relay.tellDead(failure);
    relay.end(INTERNAL_ERROR, `The kernel died: ${failure.message}`);
  } else {
    relay.end(
      NORMAL,
      reason === 'culled' ? 'The kernel was idle for too long and was shut down' : 'The kernel was shut down',
    );
  }
}

function logEnd(log: Logger, kernelId: string, { outcome, reason, failure }: KernelOutcome): void {
  if (failure === null) {
    log.info(
      { kernelId, outcome, reason },
      `kernel ${kernelId} is ${outcome}${reason === null ? '' : ` (${reason})`}`,
    );
    return;
  }
  log.error(
    { kernelId, outcome, code: failure.code },
    `kernel ${kernelId} is ${outcome}: ${failure.message} ${failure.hint}`,
  );
}

function logError(log: Logger, kernelId: string) {
  return (error: unknown) => log.error({ kernelId, err: error }, `kernel ${kernelId}: cleaning up failed`);
}
