/**
 * The gateway: supervises the kernels, keeps the limits, and drains.
 *
 *   serving    kernels are launched and adopted; one that has ended is let go
 *   draining   no new kernel; each one is shut down, or left running for the
 *              next gateway to adopt
 *   drained    no kernel is left here
 *
 * Its context holds only what the limits need. A kernel's own state is asked
 * of its actor: `snapshot.children[kernelId]`.
 */
import { type ActorRefFrom, assign, emit, enqueueActions, setup, stopChild } from 'xstate';
import { admit, type Census, type KernelLimits, type Refusal } from './admission.ts';
import { kernelMachine } from './kernel-machine.ts';
import type { KernelInput, KernelOutcome, KernelPolicy } from './kernel-state.ts';

export type KernelActor = ActorRefFrom<typeof kernelMachine>;

export interface GatewayContext extends Census {
  drainTimeout: number;
}

export type GatewayEvent =
  | { type: 'kernel.launch'; input: KernelInput }
  | { type: 'kernel.adopt'; input: KernelInput }
  | { type: 'limits.changed'; limits: KernelLimits }
  | { type: 'policy.changed'; policy: Partial<KernelPolicy> }
  /** `leave`: kernels run on without the gateway. */
  | { type: 'drain'; leave: boolean };

export type GatewayEmitted =
  | { type: 'kernel.added'; kernelId: string }
  | { type: 'kernel.removed'; kernelId: string; outcome: KernelOutcome }
  | { type: 'kernel.refused'; kernelId: string; refusal: Refusal }
  /** A fault in the program, in one kernel's actor: the others go on. What it held has to be removed. */
  | { type: 'kernel.broken'; kernelId: string; error: unknown };

interface KernelDone {
  type: `xstate.done.actor.${string}`;
  actorId: string;
  output: KernelOutcome;
}

interface KernelError {
  type: `xstate.error.actor.${string}`;
  actorId: string;
  error: unknown;
}

function withoutKernel(usernames: Record<string, string>, kernelId: string): Record<string, string> {
  const { [kernelId]: _ended, ...others } = usernames;
  return others;
}

export const gatewayMachine = setup({
  types: {
    input: {} as { limits: KernelLimits; drainTimeout: number },
    context: {} as GatewayContext,
    events: {} as GatewayEvent,
    emitted: {} as GatewayEmitted,
  },
  actors: { kernel: kernelMachine },
  delays: { drainTimeout: ({ context }) => context.drainTimeout },
  guards: {
    isAdmitted: ({ context, event }) =>
      event.type === 'kernel.launch' && admit(context, event.input.plan) === null,
    isUnknown: ({ context, event }) =>
      event.type === 'kernel.adopt' && !Object.hasOwn(context.usernames, event.input.plan.kernelId),
    isEmpty: ({ context }) => Object.keys(context.usernames).length === 0,
  },
  actions: {
    startKernel: enqueueActions(({ enqueue, event }) => {
      if (event.type !== 'kernel.launch' && event.type !== 'kernel.adopt') return;
      const { input } = event;
      const { kernelId, username } = input.plan;
      enqueue.assign({ usernames: ({ context }) => ({ ...context.usernames, [kernelId]: username }) });
      enqueue.spawnChild('kernel', { id: kernelId, input });
      enqueue.emit({ type: 'kernel.added', kernelId });
    }),
    refuseKernel: emit(({ context, event }) => {
      const { plan } = (event as Extract<GatewayEvent, { type: 'kernel.launch' }>).input;
      return {
        type: 'kernel.refused' as const,
        kernelId: plan.kernelId,
        refusal: admit(context, plan) as Refusal,
      };
    }),
    forgetKernel: enqueueActions(({ enqueue, event }) => {
      const { actorId, output } = event as unknown as KernelDone;
      enqueue(stopChild(actorId));
      enqueue.assign({ usernames: ({ context }) => withoutKernel(context.usernames, actorId) });
      enqueue.emit({ type: 'kernel.removed', kernelId: actorId, outcome: output });
    }),
    forgetBrokenKernel: enqueueActions(({ enqueue, event }) => {
      const { actorId, error } = event as unknown as KernelError;
      enqueue(stopChild(actorId));
      enqueue.assign({ usernames: ({ context }) => withoutKernel(context.usernames, actorId) });
      enqueue.emit({ type: 'kernel.broken', kernelId: actorId, error });
    }),
    tellKernels: enqueueActions(({ enqueue, event, context }) => {
      if (event.type !== 'policy.changed') return;
      for (const kernelId of Object.keys(context.usernames)) enqueue.sendTo(kernelId, event);
    }),
    emptyKernels: enqueueActions(({ enqueue, event, context }) => {
      if (event.type !== 'drain') return;
      const farewell = { type: event.leave ? 'detach' : 'shutdown' } as const;
      for (const kernelId of Object.keys(context.usernames)) enqueue.sendTo(kernelId, farewell);
    }),
    noteLimits: assign({
      limits: ({ context, event }) => (event.type === 'limits.changed' ? event.limits : context.limits),
    }),
  },
}).createMachine({
  id: 'gateway',
  context: ({ input }) => ({ ...input, usernames: {} }),
  on: {
    'xstate.done.actor.*': { actions: 'forgetKernel' },
    'xstate.error.actor.*': { actions: 'forgetBrokenKernel' },
    'limits.changed': { actions: 'noteLimits' },
    'policy.changed': { actions: 'tellKernels' },
  },
  initial: 'serving',
  states: {
    serving: {
      on: {
        'kernel.launch': [{ guard: 'isAdmitted', actions: 'startKernel' }, { actions: 'refuseKernel' }],
        'kernel.adopt': { guard: 'isUnknown', actions: 'startKernel' },
        drain: { target: 'draining', actions: 'emptyKernels' },
      },
    },
    draining: {
      description: 'Everyone leaves, in their own time, but not forever',
      on: { drain: { actions: 'emptyKernels' } },
      always: { guard: 'isEmpty', target: 'drained' },
      after: { drainTimeout: 'drained' },
    },
    drained: { type: 'final' },
  },
});
