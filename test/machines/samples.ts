/** Plain values that stand for what a kernel's life is made of. */
import type { Failure } from '../../src/machines/failure.ts';
import type { KernelPolicy } from '../../src/machines/kernel-state.ts';
import type { ConnectionInfo, KernelRecord, LaunchPlan, Pod } from '../../src/machines/ports.ts';

export const KERNEL_ID = '6f1c3a52-0d5e-4a86-9a3b-2c1f7f1f0e11';

export function planOf(given: Partial<LaunchPlan> = {}): LaunchPlan {
  return {
    kernelId: KERNEL_ID,
    kernelName: 'python3',
    provisioner: '',
    resourceDir: '/specs/python3',
    argv: ['/usr/bin/python3', '-m', 'ipykernel_launcher', '-f', '{connection_file}'],
    env: { KERNEL_GATEWAY: '1' },
    username: 'alice',
    language: 'python',
    interruptMode: 'signal',
    launchTimeout: 60_000,
    workingDir: null,
    portRange: { low: 0, high: 0 },
    proxyConfig: {},
    headers: {},
    ownNamespace: null,
    ...given,
  };
}

/** Durations differ from one another, so that a test can't mistake one for another. */
export function policyOf(given: Partial<KernelPolicy> = {}): KernelPolicy {
  return {
    kernelInfoTimeout: 30_000,
    shutdownGrace: 5000,
    restartLimit: 3,
    stableAfter: 10_000,
    cullIdleTimeout: 0,
    cullInterval: 60_000,
    cullBusy: false,
    cullConnected: false,
    ...given,
  };
}

export function podOf(given: Partial<Pod> = {}): Pod {
  return {
    name: 'alice-kernel',
    namespace: 'kernels',
    ip: '10.0.0.7',
    node: 'worker-1',
    uid: 'pod-1',
    pid: null,
    ...given,
  };
}

export const CONNECTION: ConnectionInfo = {
  transport: 'tcp',
  ip: '10.0.0.7',
  shell_port: 50_001,
  iopub_port: 50_002,
  stdin_port: 50_003,
  control_port: 50_004,
  hb_port: 50_005,
  key: 'a-key',
  signature_scheme: 'hmac-sha256',
};

export function recordOf(plan: LaunchPlan): KernelRecord {
  return { plan, pod: podOf(), connection: CONNECTION, startedAt: 500, lastActivity: 800 };
}

export const DEATH: Failure = {
  code: 'POD_GONE',
  message: 'The container was killed: out of memory.',
  hint: 'Ask for more memory.',
};
