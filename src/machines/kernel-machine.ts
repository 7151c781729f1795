/**
 * A kernel's whole life, in the order in which it is lived:
 *
 *   launching    what is asked for is checked, then made: namespace, pod; the
 *                pod becomes ready; the kernel tells how to reach it
 *   connected    its sockets are open: it answers, it runs, it is asked to exit
 *   restarting   its pod is taken away and another one made
 *   tearingDown  everything that was made is removed, however its life went
 *   stopped, failed, dead, detached: the end
 *
 * A local kernel's process stands for its pod. What happens outside arrives as
 * events; what is to be done outside is asked of the actors in
 * `kernel-actors.ts`. What is decided by more than a glance at the context is
 * a pure function in `kernel-state.ts`.
 */
import { assign, emit, fromEventObservable, fromPromise, not, setup } from 'xstate';
import type { Failure } from './failure.ts';
import { failureOf } from './failure.ts';
import { endedUnseen, launchTimedOut, leftBehind, neverAnswered } from './kernel-failures.ts';
import type {
  KernelContext,
  KernelEmitted,
  KernelEvent,
  KernelInput,
  KernelOutcome,
} from './kernel-state.ts';
import {
  changesCulling,
  createdPod,
  earlyDeath,
  initialContext,
  isCurrentPod,
  isResumed,
  known,
  mayCull,
  mayRestart,
  outcomeOf,
  pendingProgress,
  podProgress,
  recordOf,
  restartBackoff,
  TEARDOWN_ATTEMPTS,
  teardownBackoff,
} from './kernel-state.ts';
import type {
  Adoption,
  ChannelEvent,
  ConnectionInfo,
  KernelRecord,
  LaunchPlan,
  Pod,
  PodEvent,
} from './ports.ts';

/** Milliseconds between two attempts at finding the pod of a kernel to adopt. */
const ADOPTION_BACKOFF = 2000;

/** The failure of a pod that died before the call that created it had answered. */
const EARLY_DEATH = {
  type: 'fail' as const,
  params: ({ context, event }: { context: KernelContext; event: { output: Pod } }) =>
    known(earlyDeath(context, event.output)),
};

/** What a kernel that runs is reached by. */
export interface ConnectedPod {
  plan: LaunchPlan;
  pod: Pod;
  connection: ConnectionInfo;
}

const connectedPod = ({ plan, pod, connection }: KernelContext): ConnectedPod => ({
  plan,
  pod: known(pod),
  connection: known(connection),
});

/** Stands in for an actor until `kernelActors` provides the real one. */
const task = <Output, Input>() =>
  fromPromise<Output, Input>(() =>
    Promise.reject(new Error('the kernel machine was started without its actors')),
  );
const stream = <Value extends { type: string }, Input>() =>
  fromEventObservable<Value, Input>(() => {
    throw new Error('the kernel machine was started without its actors');
  });

export const kernelMachine = setup({
  types: {
    input: {} as KernelInput,
    context: {} as KernelContext,
    events: {} as KernelEvent,
    emitted: {} as KernelEmitted,
    output: {} as KernelOutcome,
    tags: {} as 'launching' | 'restarting' | 'running' | 'ending',
  },
  actors: {
    podEvents: stream<PodEvent, { plan: LaunchPlan }>(),
    channels: stream<ChannelEvent, { kernelId: string; connection: ConnectionInfo; resumed: boolean }>(),
    check: task<void, LaunchPlan>(),
    createNamespace: task<void, LaunchPlan>(),
    createPod: task<Pod, LaunchPlan>(),
    awaitHandshake: task<ConnectionInfo, { plan: LaunchPlan; pod: Pod }>(),
    adoptPod: task<Adoption, { plan: LaunchPlan; pod: Pod }>(),
    detachPod: task<void, { plan: LaunchPlan; pod: Pod }>(),
    saveRecord: task<void, KernelRecord>(),
    interrupt: task<void, ConnectedPod>(),
    requestShutdown: task<void, ConnectedPod & { restart: boolean; grace: number }>(),
    deletePod: task<void, { plan: LaunchPlan; pod: Pod | null; last: boolean }>(),
    deleteNamespace: task<void, LaunchPlan>(),
    deleteRecord: task<void, { kernelId: string }>(),
  },
  delays: {
    launchTimeout: ({ context }) => context.plan.launchTimeout,
    adoptionBackoff: ADOPTION_BACKOFF,
    kernelInfoTimeout: ({ context }) => context.policy.kernelInfoTimeout,
    shutdownGrace: ({ context }) => context.policy.shutdownGrace,
    stableAfter: ({ context }) => context.policy.stableAfter,
    cullIdleTimeout: ({ context }) => context.policy.cullIdleTimeout,
    cullInterval: ({ context }) => context.policy.cullInterval,
    restartBackoff: ({ context }) => restartBackoff(context),
    teardownBackoff: ({ context }) => teardownBackoff(context),
  },
  guards: {
    isAdoption: ({ context }) => context.adopted,
    isResumed: ({ context }) => isResumed(context),
    isUnresponsive: ({ context }) => context.unresponsive,
    isLostWithNode: ({ context }) => context.unresponsive && context.nodeLoss !== null,
    isLostToRestart: ({ context: { unresponsive, nodeLoss }, context }) =>
      unresponsive && nodeLoss !== null && mayRestart(context, nodeLoss),
    changesCulling: ({ context, event }) =>
      event.type === 'policy.changed' && changesCulling(context, event.policy),
    needsNamespace: ({ context }) => context.plan.ownNamespace !== null,
    podHasAddress: ({ context }) => context.pod !== null && context.pod.ip !== '',
    isCurrentPod: ({ context, event }) => isCurrentPod(context, event as PodEvent),
    isDeathToRestart: ({ context, event }) =>
      event.type === 'pod.gone' && isCurrentPod(context, event) && mayRestart(context, event.failure),
    isBusy: ({ context }) => context.executionState === 'busy',
    isIdle: ({ context }) => context.executionState === 'idle',
    isCulling: ({ context }) => context.policy.cullIdleTimeout > 0,
    mayCull: ({ context }) => mayCull(context),
    wantsRestart: ({ context }) => context.goal === 'restart',
    hasTriedTeardownEnough: ({ context }) => context.teardownAttempts >= TEARDOWN_ATTEMPTS,
    isLeaving: ({ context }) => context.leaving,
    hasFailedAfterRunning: ({ context }) => outcomeOf(context).outcome === 'dead',
    hasFailed: ({ context }) => outcomeOf(context).outcome === 'failed',
  },
  actions: {
    wantStop: assign({ goal: 'stop', stopReason: 'shutdown', failure: null }),
    wantCull: assign({ goal: 'stop', stopReason: 'culled' }),
    wantRestart: assign({ goal: 'restart', executionState: 'restarting', restartsInARow: 0, failure: null }),
    noteDeath: assign({
      failure: ({ event, context }) => (event.type === 'pod.gone' ? event.failure : context.failure),
    }),
    noteRunning: assign({ goal: 'run', everRan: true, failure: null }),
    wantLeave: assign({ goal: 'leave', failure: null }),
    progress: assign({ progress: (_, progress: string) => progress }),
    noteEarlyNews: assign({ earlyNews: ({ context, event }) => [...context.earlyNews, event as PodEvent] }),
    forgetEarlyNews: assign({ earlyNews: [], nodeLoss: null }),
    notePending: assign({ progress: ({ context }) => pendingProgress(context) }),
    noteNode: assign({ nodeLoss: ({ event }) => (event.type === 'node.lost' ? event.failure : null) }),
    noteNodeLoss: assign({ failure: ({ context }) => context.nodeLoss }),
    noteHeartbeat: assign({ unresponsive: ({ event }) => event.type === 'heartbeat.lost' }),
    countRestart: assign({
      goal: 'restart',
      executionState: 'restarting',
      restartsInARow: ({ context }) => context.restartsInARow + 1,
    }),
    tellRestarting: emit(({ context }) => ({
      type: 'kernel.restarting' as const,
      automatic: context.restartsInARow > 0,
      failure: context.failure,
    })),
    countTeardownAttempt: assign({ teardownAttempts: ({ context }) => context.teardownAttempts + 1 }),
    noteLeaving: assign({ leaving: true }),
    noteProgress: assign({
      progress: ({ event, context }) =>
        event.type === 'pod.pending' ? podProgress(event.message) : context.progress,
    }),
    notePod: assign({ pod: ({ event, context }) => (event.type === 'pod.ready' ? event.pod : context.pod) }),
    noteStatus: assign(({ event, context }) => {
      if (event.type !== 'kernel.status') return {};
      return { executionState: event.executionState, lastActivity: Math.max(event.at, context.lastActivity) };
    }),
    noteActivity: assign({
      lastActivity: ({ event, context }) =>
        event.type === 'kernel.activity' ? Math.max(event.at, context.lastActivity) : context.lastActivity,
    }),
    noteClients: assign({
      clients: ({ event, context }) => (event.type === 'clients.changed' ? event.clients : context.clients),
    }),
    notePolicy: assign({
      policy: ({ event, context }) =>
        event.type === 'policy.changed' ? { ...context.policy, ...event.policy } : context.policy,
    }),
    tellRecordFailed: emit((_, error: unknown) => ({
      type: 'record.failed' as const,
      failure: failureOf(
        error,
        'RECORD_FAILED',
        'The kernel runs, but would not survive a restart of the gateway.',
      ),
    })),
    fail: assign({ failure: (_, failure: Failure) => failure }),
  },
}).createMachine({
  id: 'kernel',
  context: ({ input }) => initialContext(input),
  invoke: { src: 'podEvents', id: 'podEvents', input: ({ context }) => ({ plan: context.plan }) },
  on: {
    'clients.changed': { actions: 'noteClients' },
    'policy.changed': { actions: 'notePolicy' },
    'node.lost': { guard: 'isCurrentPod', actions: 'noteNode' },
    'node.found': { guard: 'isCurrentPod', actions: 'noteNode' },
    detach: { actions: 'noteLeaving' },
  },
  initial: 'planned',
  states: {
    planned: {
      description: 'A plan to launch, or the record of a kernel that outlived its gateway',
      always: [{ guard: 'isAdoption', target: 'adopting' }, { target: 'launching' }],
    },

    adopting: {
      description:
        'Looks for the pod that another gateway launched; only one that is known to be gone is given up',
      tags: 'launching',
      on: {
        shutdown: { target: 'tearingDown', actions: 'wantStop' },
        detach: { target: 'detached', actions: ['noteLeaving', 'wantLeave'] },
      },
      initial: 'looking',
      states: {
        looking: {
          invoke: {
            src: 'adoptPod',
            input: ({ context }) => ({ plan: context.plan, pod: known(context.pod) }),
            onDone: [
              {
                guard: ({ event }) => event.output.pod !== null,
                target: '#kernel.connected',
                actions: assign({ pod: ({ event }) => event.output.pod }),
              },
              {
                target: '#kernel.tearingDown',
                actions: {
                  type: 'fail',
                  params: ({ context, event }) => endedUnseen(context, event.output),
                },
              },
            ],
            onError: {
              target: 'waiting',
              actions: emit(({ event }) => ({
                type: 'adoption.failed' as const,
                failure: failureOf(event.error, 'POD_GONE', 'It is tried again.'),
              })),
            },
          },
        },
        waiting: { after: { adoptionBackoff: 'looking' } },
      },
    },

    launching: {
      description: 'From the request until the kernel has told how to reach it',
      tags: 'launching',
      after: {
        launchTimeout: {
          target: 'tearingDown',
          actions: { type: 'fail', params: ({ context }) => launchTimedOut(context) },
        },
      },
      on: {
        shutdown: { target: 'tearingDown', actions: 'wantStop' },
        'pod.gone': [
          {
            guard: 'isDeathToRestart',
            target: 'restarting',
            actions: ['noteDeath', 'countRestart', 'tellRestarting'],
          },
          { guard: 'isCurrentPod', target: 'tearingDown', actions: 'noteDeath' },
        ],
      },
      initial: 'checking',
      states: {
        checking: {
          description: 'Refuses what can be refused, before anything exists',
          entry: { type: 'progress', params: 'checking what it was asked for' },
          invoke: {
            src: 'check',
            input: ({ context }) => context.plan,
            onDone: [{ guard: 'needsNamespace', target: 'namespaceProvisioning' }, { target: 'podCreating' }],
            onError: {
              target: '#kernel.tearingDown.ended',
              actions: {
                type: 'fail',
                params: ({ event }) =>
                  failureOf(event.error, 'LAUNCH_REFUSED', 'Look into the log of the gateway.'),
              },
            },
          },
          on: { shutdown: { target: '#kernel.tearingDown.ended', actions: 'wantStop' } },
        },
        namespaceProvisioning: {
          description: 'Makes a namespace for this kernel alone, with its role binding',
          entry: { type: 'progress', params: 'creating its namespace' },
          invoke: {
            src: 'createNamespace',
            input: ({ context }) => context.plan,
            onDone: 'podCreating',
            onError: {
              target: '#kernel.tearingDown',
              actions: {
                type: 'fail',
                params: ({ event }) =>
                  failureOf(
                    event.error,
                    'NAMESPACE_FAILED',
                    'Check the permissions of the gateway and the quota of the cluster.',
                  ),
              },
            },
          },
        },
        podCreating: {
          description: 'Asks for the pod, or starts the process',
          entry: ['forgetEarlyNews', { type: 'progress', params: 'creating its pod' }],
          invoke: {
            src: 'createPod',
            input: ({ context }) => context.plan,
            onDone: [
              {
                guard: ({ context, event }) => {
                  const death = earlyDeath(context, event.output);
                  return death !== null && mayRestart(context, death);
                },
                target: '#kernel.restarting',
                actions: [EARLY_DEATH, 'countRestart', 'tellRestarting'],
              },
              {
                guard: ({ context, event }) => earlyDeath(context, event.output) !== null,
                target: '#kernel.tearingDown',
                actions: EARLY_DEATH,
              },
              {
                target: 'podPending',
                actions: assign({ pod: ({ context, event }) => createdPod(context, event.output) }),
              },
            ],
            onError: {
              target: '#kernel.tearingDown',
              actions: {
                type: 'fail',
                params: ({ event }) =>
                  failureOf(event.error, 'POD_CREATION_FAILED', 'Look into the log of the gateway.'),
              },
            },
          },
          on: {
            'pod.pending': { actions: 'noteEarlyNews' },
            'pod.ready': { actions: 'noteEarlyNews' },
            'pod.gone': { actions: 'noteEarlyNews' },
          },
        },
        podPending: {
          description: 'The pod waits for a node, its image, its container',
          entry: 'notePending',
          always: { guard: 'podHasAddress', target: 'handshaking' },
          on: {
            'pod.pending': { guard: 'isCurrentPod', actions: 'noteProgress' },
            'pod.ready': { guard: 'isCurrentPod', target: 'handshaking', actions: 'notePod' },
          },
        },
        handshaking: {
          description: 'Waits for the kernel to tell its ports and key',
          entry: { type: 'progress', params: 'waiting for the kernel to tell how to reach it' },
          invoke: {
            src: 'awaitHandshake',
            input: ({ context }) => ({ plan: context.plan, pod: known(context.pod) }),
            onDone: { target: 'recording', actions: assign({ connection: ({ event }) => event.output }) },
            onError: {
              target: '#kernel.tearingDown',
              actions: {
                type: 'fail',
                params: ({ event }) =>
                  failureOf(event.error, 'HANDSHAKE_FAILED', 'Check that the kernel can reach the gateway.'),
              },
            },
          },
        },
        recording: {
          description: 'Written down before anyone is told that it runs, so that it is never lost',
          entry: { type: 'progress', params: 'writing it down' },
          invoke: {
            src: 'saveRecord',
            input: ({ context }) => known(recordOf(context)),
            onDone: '#kernel.connected',
            onError: {
              target: '#kernel.connected',
              actions: {
                type: 'tellRecordFailed',
                params: ({ event }: { event: { error: unknown } }) => event.error,
              },
            },
          },
        },
      },
    },

    connected: {
      description: "The kernel's sockets are open",
      entry: assign({ unresponsive: false }),
      invoke: {
        src: 'channels',
        id: 'channels',
        input: ({ context }) => ({
          kernelId: context.plan.kernelId,
          connection: known(context.connection),
          resumed: isResumed(context),
        }),
      },
      on: {
        'kernel.status': { actions: 'noteStatus' },
        'kernel.activity': { actions: 'noteActivity' },
        'heartbeat.lost': { actions: 'noteHeartbeat' },
        'heartbeat.restored': { actions: 'noteHeartbeat' },
        'pod.gone': [
          {
            guard: 'isDeathToRestart',
            target: 'restarting',
            actions: ['noteDeath', 'countRestart', 'tellRestarting'],
          },
          { guard: 'isCurrentPod', target: 'tearingDown', actions: 'noteDeath' },
        ],
      },
      initial: 'awaitingKernelInfo',
      states: {
        awaitingKernelInfo: {
          description: 'Until the kernel answers, and nothing it says on iopub can be lost any more',
          tags: 'launching',
          entry: { type: 'progress', params: 'waiting for the kernel to answer' },
          after: {
            kernelInfoTimeout: [
              { guard: 'isResumed', target: 'running' },
              {
                target: '#kernel.tearingDown',
                actions: { type: 'fail', params: ({ context }) => neverAnswered(context) },
              },
            ],
          },
          always: { guard: 'isLeaving', target: '#kernel.detaching' },
          on: {
            'channels.ready': 'running',
            shutdown: { target: '#kernel.tearingDown', actions: 'wantStop' },
          },
        },

        running: {
          tags: 'running',
          entry: ['noteRunning', emit({ type: 'kernel.running' })],
          always: { guard: 'isLeaving', target: '#kernel.detaching' },
          on: {
            restart: { target: 'shuttingDown', actions: ['wantRestart', 'tellRestarting'] },
            shutdown: { target: 'shuttingDown', actions: 'wantStop' },
          },
          after: { stableAfter: { actions: assign({ restartsInARow: 0 }) } },
          type: 'parallel',
          states: {
            execution: {
              initial: 'starting',
              states: {
                starting: {
                  always: [
                    { guard: 'isBusy', target: 'busy' },
                    { guard: 'isIdle', target: 'idle' },
                  ],
                },
                idle: { always: { guard: 'isBusy', target: 'busy' } },
                busy: { always: { guard: 'isIdle', target: 'idle' } },
              },
              on: { 'kernel.status': { actions: 'noteStatus' } },
            },
            heartbeat: {
              initial: 'beating',
              states: {
                beating: { always: { guard: 'isUnresponsive', target: 'lost' } },
                lost: {
                  description:
                    'Does not answer its heartbeat; it may be stopped. Only when its node does not answer either, it is gone',
                  always: [
                    { guard: not('isUnresponsive'), target: 'beating' },
                    {
                      guard: 'isLostToRestart',
                      target: '#kernel.restarting',
                      actions: ['noteNodeLoss', 'countRestart', 'tellRestarting'],
                    },
                    { guard: 'isLostWithNode', target: '#kernel.tearingDown', actions: 'noteNodeLoss' },
                  ],
                },
              },
            },
            interruption: {
              initial: 'none',
              states: {
                none: { on: { interrupt: 'interrupting' } },
                interrupting: {
                  invoke: {
                    src: 'interrupt',
                    input: ({ context }) => connectedPod(context),
                    onDone: { target: 'none', actions: emit({ type: 'interrupt.delivered' }) },
                    onError: {
                      target: 'none',
                      actions: emit(({ event }) => ({
                        type: 'interrupt.failed' as const,
                        failure: failureOf(event.error, 'POD_GONE', 'Restart the kernel.'),
                      })),
                    },
                  },
                },
              },
            },
            culling: {
              initial: 'off',
              on: { 'policy.changed': { guard: 'changesCulling', target: '.off', actions: 'notePolicy' } },
              states: {
                off: { always: { guard: 'isCulling', target: 'counting' } },
                counting: {
                  description: 'Any sign of life starts the count anew',
                  on: {
                    'kernel.status': { target: 'counting', reenter: true },
                    'kernel.activity': { target: 'counting', reenter: true, actions: 'noteActivity' },
                  },
                  after: {
                    cullIdleTimeout: [
                      { guard: 'mayCull', target: '#kernel.connected.shuttingDown', actions: 'wantCull' },
                      { target: 'overdue' },
                    ],
                  },
                },
                overdue: {
                  description:
                    'Idle for long, but in use; a client that only lost its connection finds it again',
                  on: {
                    'kernel.status': 'counting',
                    'kernel.activity': { target: 'counting', actions: 'noteActivity' },
                    'clients.changed': { target: 'overdue', reenter: true, actions: 'noteClients' },
                  },
                  after: {
                    cullInterval: [
                      { guard: 'mayCull', target: '#kernel.connected.shuttingDown', actions: 'wantCull' },
                      { target: 'overdue', reenter: true },
                    ],
                  },
                },
              },
            },
          },
        },

        shuttingDown: {
          description: 'Asked to exit by itself, so that it can put its affairs in order',
          tags: 'ending',
          invoke: {
            src: 'requestShutdown',
            input: ({ context }) => ({
              ...connectedPod(context),
              restart: context.goal === 'restart',
              grace: context.policy.shutdownGrace,
            }),
            onError: [
              { guard: 'wantsRestart', target: '#kernel.restarting' },
              { target: '#kernel.tearingDown' },
            ],
          },
          after: {
            shutdownGrace: [
              { guard: 'wantsRestart', target: '#kernel.restarting' },
              { target: '#kernel.tearingDown' },
            ],
          },
          on: {
            shutdown: { actions: 'wantStop' },
            'pod.gone': [
              { guard: ({ context, event }) => !isCurrentPod(context, event) },
              { guard: 'wantsRestart', target: '#kernel.restarting' },
              { target: '#kernel.tearingDown' },
            ],
          },
        },
      },
    },

    restarting: {
      description: 'Between one pod and the next; clients stay connected, and the namespace stays',
      tags: 'restarting',
      on: {
        shutdown: { target: 'tearingDown', actions: 'wantStop' },
      },
      initial: 'podDeleting',
      states: {
        podDeleting: {
          invoke: {
            src: 'deletePod',
            input: ({ context }) => ({ plan: context.plan, pod: context.pod, last: false }),
            onDone: {
              target: 'waiting',
              actions: assign({ pod: null, connection: null, teardownAttempts: 0 }),
            },
            onError: [
              {
                guard: 'hasTriedTeardownEnough',
                target: '#kernel.tearingDown',
                actions: {
                  type: 'fail',
                  params: ({ event }) =>
                    failureOf(event.error, 'TEARDOWN_INCOMPLETE', 'Start another kernel.'),
                },
              },
              { target: 'retrying', actions: 'countTeardownAttempt' },
            ],
          },
        },
        retrying: {
          description: 'The old pod may still run: there must not be two',
          after: { teardownBackoff: 'podDeleting' },
        },
        waiting: {
          description: 'No time at all at first, longer with each restart in a row',
          after: { restartBackoff: '#kernel.launching.podCreating' },
        },
      },
    },

    detaching: {
      description: 'The gateway leaves; the kernel runs on, for another gateway to adopt',
      tags: 'ending',
      entry: ['wantLeave', emit({ type: 'kernel.leaving' })],
      initial: 'recording',
      states: {
        recording: {
          description: 'Once more, with what has changed since',
          invoke: {
            src: 'saveRecord',
            input: ({ context }) => known(recordOf(context)),
            onDone: 'lettingGo',
            onError: {
              target: 'lettingGo',
              actions: {
                type: 'tellRecordFailed',
                params: ({ event }: { event: { error: unknown } }) => event.error,
              },
            },
          },
        },
        lettingGo: {
          invoke: {
            src: 'detachPod',
            input: ({ context }) => ({ plan: context.plan, pod: known(context.pod) }),
            onDone: '#kernel.detached',
            onError: '#kernel.detached',
          },
        },
      },
    },

    tearingDown: {
      description: 'Removes all that was made for this kernel; what is already gone is as good as removed',
      tags: 'ending',
      initial: 'podDeleting',
      states: {
        podDeleting: {
          invoke: {
            src: 'deletePod',
            input: ({ context }) => ({ plan: context.plan, pod: context.pod, last: true }),
            onDone: [{ guard: 'needsNamespace', target: 'namespaceDeleting' }, { target: 'recordDeleting' }],
            onError: { target: 'retrying', actions: 'countTeardownAttempt' },
          },
        },
        namespaceDeleting: {
          invoke: {
            src: 'deleteNamespace',
            input: ({ context }) => context.plan,
            onDone: 'recordDeleting',
            onError: { target: 'retrying', actions: 'countTeardownAttempt' },
          },
        },
        recordDeleting: {
          description: 'Last, so that a gateway that stops before this finds what is left to remove',
          invoke: {
            src: 'deleteRecord',
            input: ({ context }) => ({ kernelId: context.plan.kernelId }),
            onDone: 'ended',
            onError: { target: 'retrying', actions: 'countTeardownAttempt' },
          },
        },
        retrying: {
          description:
            'Longer with each attempt; in the end the record stays, for the next gateway to clean up',
          always: {
            guard: 'hasTriedTeardownEnough',
            target: 'ended',
            actions: emit(({ context }) => ({
              type: 'teardown.failed' as const,
              failure: leftBehind(context),
            })),
          },
          after: { teardownBackoff: 'podDeleting' },
        },
        ended: {
          always: [
            { guard: 'hasFailedAfterRunning', target: '#kernel.dead' },
            { guard: 'hasFailed', target: '#kernel.failed' },
            { target: '#kernel.stopped' },
          ],
        },
      },
    },

    stopped: { type: 'final', description: 'Shut down or culled' },
    failed: { type: 'final', description: 'Never ran' },
    dead: { type: 'final', description: 'Ran, and died for good' },
    detached: { type: 'final', description: 'Runs on without this gateway' },
  },
  output: ({ context }) => outcomeOf(context),
});
