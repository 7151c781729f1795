import { expect } from 'vitest';
import type { KernelPolicy } from '../../../src/machines/kernel-state.ts';
import { ended, STAGES } from '../stages.ts';
import type { Scenarios } from './scenarios.ts';

const IDLE_TIMEOUT = 600_000;
const INTERVAL = 60_000;

async function idleKernel(policy: Partial<KernelPolicy> = {}) {
  const kernel = await STAGES.running({ policy: { cullIdleTimeout: IDLE_TIMEOUT, ...policy } });
  await kernel.status('idle');
  return kernel;
}

export const culling: Scenarios = {
  'a kernel is culled once it was idle for the timeout': async () => {
    const kernel = await idleKernel();
    await kernel.pass(IDLE_TIMEOUT - 1);
    expect(kernel.state).toBe('connected.running');
    await kernel.pass(1);
    expect(kernel.state).toBe('connected.shuttingDown');
    await ended(kernel);
    expect(kernel.outcome).toEqual({ outcome: 'stopped', reason: 'culled', failure: null });
    expect(kernel.held).toEqual([]);
  },

  'without a timeout no kernel is ever culled': async () => {
    const kernel = await idleKernel({ cullIdleTimeout: 0 });
    expect(kernel.region('culling')).toBe('off');
    await kernel.pass(10 * IDLE_TIMEOUT);
    expect(kernel.state).toBe('connected.running');
  },

  'a status starts the count anew': async () => {
    const kernel = await idleKernel();
    await kernel.pass(IDLE_TIMEOUT - 1);
    await kernel.status('idle', 3000);
    await kernel.pass(IDLE_TIMEOUT - 1);
    expect(kernel.region('culling')).toBe('counting');
    expect(kernel.context.lastActivity).toBe(3000);
  },

  'any other sign of life starts the count anew as well': async () => {
    const kernel = await idleKernel();
    await kernel.pass(IDLE_TIMEOUT - 1);
    await kernel.channel({ type: 'kernel.activity', at: 3000 });
    await kernel.pass(IDLE_TIMEOUT - 1);
    expect(kernel.region('culling')).toBe('counting');
    expect(kernel.context.lastActivity).toBe(3000);
  },

  'a busy kernel is spared, and counted anew once it is idle': async () => {
    const kernel = await idleKernel();
    await kernel.status('busy');
    await kernel.pass(IDLE_TIMEOUT);
    expect(kernel.region('culling')).toBe('overdue');
    await kernel.pass(INTERVAL);
    expect(kernel.region('culling')).toBe('overdue');
    await kernel.status('idle', 4000);
    expect(kernel.region('culling')).toBe('counting');
    expect(kernel.context).toMatchObject({ executionState: 'idle', lastActivity: 4000 });
    await kernel.pass(IDLE_TIMEOUT);
    expect(kernel.state).toBe('connected.shuttingDown');
  },

  'a busy kernel that prints is counted anew': async () => {
    const kernel = await idleKernel();
    await kernel.status('busy');
    await kernel.pass(IDLE_TIMEOUT);
    await kernel.channel({ type: 'kernel.activity', at: 9000 });
    expect(kernel.region('culling')).toBe('counting');
    expect(kernel.context.lastActivity).toBe(9000);
  },

  'a busy kernel is culled where the operator wants that': async () => {
    const kernel = await idleKernel({ cullBusy: true });
    await kernel.status('busy');
    await kernel.pass(IDLE_TIMEOUT);
    expect(kernel.state).toBe('connected.shuttingDown');
  },

  'a kernel with clients is spared, and culled an interval after they are gone': async () => {
    const kernel = await idleKernel();
    await kernel.send({ type: 'clients.changed', clients: 1 });
    await kernel.pass(IDLE_TIMEOUT);
    expect(kernel.region('culling')).toBe('overdue');
    await kernel.pass(INTERVAL - 1);
    await kernel.send({ type: 'clients.changed', clients: 0 });
    await kernel.pass(INTERVAL - 1);
    expect(kernel.region('culling')).toBe('overdue');
    await kernel.pass(1);
    expect(kernel.state).toBe('connected.shuttingDown');
  },

  'a client that only lost its connection finds its overdue kernel again': async () => {
    const kernel = await idleKernel();
    await kernel.send({ type: 'clients.changed', clients: 1 });
    await kernel.pass(IDLE_TIMEOUT);
    await kernel.send({ type: 'clients.changed', clients: 0 });
    await kernel.pass(INTERVAL / 2);
    await kernel.send({ type: 'clients.changed', clients: 1 });
    await kernel.pass(3 * INTERVAL);
    expect(kernel.region('culling')).toBe('overdue');
    expect(kernel.context.clients).toBe(1);
  },

  'a kernel with clients is culled where the operator wants that': async () => {
    const kernel = await idleKernel({ cullConnected: true });
    await kernel.send({ type: 'clients.changed', clients: 1 });
    await kernel.pass(IDLE_TIMEOUT);
    expect(kernel.state).toBe('connected.shuttingDown');
  },

  'culling that is switched on counts from then': async () => {
    const kernel = await idleKernel({ cullIdleTimeout: 0 });
    await kernel.pass(IDLE_TIMEOUT);
    await kernel.send({ type: 'policy.changed', policy: { cullIdleTimeout: IDLE_TIMEOUT } });
    expect(kernel.region('culling')).toBe('counting');
    await kernel.pass(IDLE_TIMEOUT);
    expect(kernel.state).toBe('connected.shuttingDown');
  },

  'culling that is switched off spares a kernel that is overdue': async () => {
    const kernel = await idleKernel();
    await kernel.send({ type: 'clients.changed', clients: 1 });
    await kernel.pass(IDLE_TIMEOUT);
    await kernel.send(
      { type: 'policy.changed', policy: { cullIdleTimeout: 0 } },
      { type: 'clients.changed', clients: 0 },
    );
    expect(kernel.region('culling')).toBe('off');
    await kernel.pass(10 * IDLE_TIMEOUT);
    expect(kernel.state).toBe('connected.running');
  },

  'a shorter timeout holds at once': async () => {
    const kernel = await idleKernel();
    await kernel.send({ type: 'policy.changed', policy: { cullIdleTimeout: 1000 } });
    await kernel.pass(1000);
    expect(kernel.state).toBe('connected.shuttingDown');
  },

  'a new policy that has nothing to do with culling does not put the culling off': async () => {
    const kernel = await idleKernel();
    await kernel.pass(IDLE_TIMEOUT - 1);
    await kernel.send({ type: 'policy.changed', policy: { shutdownGrace: 7000, restartLimit: 9 } });
    expect(kernel.context.policy).toMatchObject({ shutdownGrace: 7000, restartLimit: 9 });
    await kernel.pass(1);
    expect(kernel.state).toBe('connected.shuttingDown');
  },

  'a new policy that says the same of culling as before does not put the culling off': async () => {
    const kernel = await idleKernel();
    await kernel.pass(IDLE_TIMEOUT - 1);
    const { cullIdleTimeout, cullInterval, cullBusy, cullConnected } = kernel.context.policy;
    await kernel.send({
      type: 'policy.changed',
      policy: { cullIdleTimeout, cullInterval, cullBusy, cullConnected, shutdownGrace: 7000 },
    });
    await kernel.pass(1);
    expect(kernel.state).toBe('connected.shuttingDown');
  },

  'shutdown of a kernel that is being culled is a shutdown': async () => {
    const kernel = await idleKernel();
    await kernel.pass(IDLE_TIMEOUT);
    await kernel.send({ type: 'shutdown' });
    await ended(kernel);
    expect(kernel.outcome).toEqual({ outcome: 'stopped', reason: 'shutdown', failure: null });
  },
};

const CHANGES = [{ cullInterval: 1 }, { cullBusy: true }, { cullConnected: true }];

for (const policy of CHANGES) {
  culling[`a new policy with ${Object.keys(policy)} starts the count anew`] = async () => {
    const kernel = await idleKernel();
    await kernel.pass(IDLE_TIMEOUT - 1);
    await kernel.send({ type: 'policy.changed', policy });
    await kernel.pass(IDLE_TIMEOUT - 1);
    expect(kernel.region('culling')).toBe('counting');
    await kernel.pass(1);
    expect(kernel.state).toBe('connected.shuttingDown');
  };
}
