import { describe, expect, test } from 'vitest';
import { podConditionOf } from '../../../src/adapters/kubernetes/pod-condition.ts';
import { eventWith, outcome, podWith, told } from './recorded-pods.ts';

const LAUNCH = ['pending: waits for the scheduler', 'pending: node node1 prepares it'];
const START = [...LAUNCH, 'pending: its container is being started'];
const RUN = [...START, 'ready at 10.244.1.7'];

describe('a launch is followed step by step', () => {
  test('from the scheduler over the pull to the running kernel', () => {
    expect(told('pull-and-run')).toEqual([
      ...LAUNCH,
      'pending: node node1 pulls image registry.example.com/kernel-py:1',
      'pending: its container is being started',
      'ready at 10.244.1.7',
    ]);
  });

  test('through its init container', () => {
    expect(told('init-container-runs')).toEqual([
      ...LAUNCH,
      'pending: container fetch is being started',
      'pending: init container fetch is still at work',
      'pending: its container is being started',
      'ready at 10.244.1.7',
    ]);
  });

  test('with a sidecar that starts before the kernel and runs on', () => {
    expect(told('native-sidecar').at(-1)).toBe('ready at 10.244.1.7');
  });

  test('the running kernel is ready with its address and its node, whatever its readiness probe says', () => {
    expect(outcome('readiness-probe-fails')).toEqual({ state: 'ready', ip: '10.244.1.7', node: 'node1' });
  });
});

describe('what a pending pod waits for is said', () => {
  test.each([
    ['unschedulable-cpu', 'no node can take it: 1 Insufficient cpu'],
    ['unschedulable-gpu', 'no node can take it: 1 Insufficient nvidia.com/gpu'],
    ['unschedulable-selector', "no node can take it: 1 node(s) didn't match Pod's node affinity/selector"],
    ['scheduling-gated', 'held back from scheduling by example.com/budget'],
    ['volume-claim-missing', 'no node can take it: persistentvolumeclaim "home" not found'],
    ['volume-claim-unbound', 'no node can take it: pod has unbound immediate PersistentVolumeClaims'],
    ['secret-volume-missing', 'its volumes cannot be mounted: data: secret "nowhere" not found'],
    [
      'host-path-missing',
      'its volumes cannot be mounted: data: hostPath type check failed: /srv/data is not a directory',
    ],
    [
      'sandbox-impossible',
      'its sandbox cannot be made: write /proc/sys/net/ipv4/ip_local_port_range: invalid argument',
    ],
  ])('%s', (name, message) => {
    expect(told(name).at(-1)).toBe(`pending: ${message}`);
  });
});

describe('a launch that cannot succeed fails with its reason', () => {
  test.each([
    [
      'image-not-found',
      'IMAGE_PULL_FAILED: Image registry.example.com/nope:1 cannot be pulled: not found in its registry.',
    ],
    [
      'image-registry-refuses-connections',
      'IMAGE_PULL_FAILED: Image localhost/nope:1 cannot be pulled: its registry cannot be reached (dial tcp 127.0.0.1:80: connect: connection refused).',
    ],
    [
      'image-registry-unknown',
      'IMAGE_PULL_FAILED: Image registry.invalid/kernel:1 cannot be pulled: its registry cannot be reached (dial tcp: lookup registry.invalid on 10.96.0.10:53: no such host).',
    ],
    [
      'image-without-credentials',
      'IMAGE_PULL_FAILED: Image private.example.com/private:1 cannot be pulled: its registry wants credentials, or refuses those that it was given (401 Unauthorized).',
    ],
    [
      'image-never-pulled',
      'IMAGE_PULL_FAILED: Image localhost/nope:1 is not on the node, and its pull policy is Never.',
    ],
    [
      'image-name-invalid',
      'IMAGE_NAME_INVALID: Image Localhost/Nope:1 has no valid name: invalid reference format: repository name (Nope) must be lowercase.',
    ],
    [
      'secret-missing',
      'CONTAINER_CONFIG_INVALID: The kernel\'s container cannot be set up: secret "kernel-secret" not found.',
    ],
    [
      'config-map-key-missing',
      "CONTAINER_CONFIG_INVALID: The kernel's container cannot be set up: couldn't find key missing in ConfigMap kernels/kernel-config.",
    ],
    [
      'run-as-non-root',
      "CONTAINER_CONFIG_INVALID: The kernel's container cannot be set up: container has runAsNonRoot and image will run as root.",
    ],
    [
      'command-not-found',
      "CONTAINER_START_FAILED: The kernel's container could not be started: /usr/local/bin/bootstrap-kernel.sh is not in image example.com/kernel-py:1.",
    ],
    [
      'command-not-executable',
      "CONTAINER_START_FAILED: The kernel's container could not be started: /etc/passwd may not be executed in image example.com/kernel-py:1.",
    ],
    [
      'working-directory-impossible',
      "CONTAINER_START_FAILED: The kernel's container could not be started: mkdir /etc/passwd: not a directory.",
    ],
    [
      'memory-limit-too-low',
      "OUT_OF_MEMORY: The kernel's pod does not fit into the memory that it may use (its limit is 100Ki).",
    ],
    [
      'memory-limit-without-unit',
      "OUT_OF_MEMORY: The kernel's pod does not fit into the memory that it may use (its limit is 4).",
    ],
    [
      'out-of-cpu',
      "POD_CREATION_FAILED: Node node1 refused the kernel's pod (OutOfcpu): Node didn't have enough resource: cpu, requested: 1000000, used: 0, capacity: 2000.",
    ],
    [
      'node-affinity',
      "POD_CREATION_FAILED: Node node1 refused the kernel's pod (NodeAffinity): Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector.",
    ],
    [
      'sysctl-forbidden',
      'POD_CREATION_FAILED: Node node1 refused the kernel\'s pod (SysctlForbidden): forbidden sysctl: "kernel.msgmax" not allowlisted.',
    ],
    ['init-container-exits', 'CONTAINER_EXITED: Init container fetch exited with code 3.'],
    [
      'init-container-image-not-found',
      'IMAGE_PULL_FAILED: Image registry.example.com/nope:1 of container fetch cannot be pulled: not found in its registry.',
    ],
    ['deleted-while-pending', "POD_DELETED: The kernel's pod kernel was deleted by somebody else."],
  ])('%s', (name, failure) => {
    expect(told(name).at(-1)).toBe(`failed ${failure}`);
  });

  test('at the first sign, before the kubelet has tried again', () => {
    expect(told('crash-loop')).toEqual([
      ...START,
      "failed CONTAINER_EXITED: The kernel's container exited with code 1.",
    ]);
  });

  test('with a hint that names the image pull secret that is missing', () => {
    const condition = outcome('image-pull-secret-missing');
    expect(condition).toMatchObject({
      failure: { hint: expect.stringContaining('does not have: nowhere.') as string },
    });
  });
});

describe('the end of a kernel is explained', () => {
  test.each([
    ['exit-0', START, "CONTAINER_EXITED: The kernel's container exited with code 0."],
    ['exit-42', START, "CONTAINER_EXITED: The kernel's container exited with code 42."],
    [
      'exit-with-termination-message',
      START,
      "CONTAINER_EXITED: The kernel's container exited with code 1: no such kernel.",
    ],
    [
      'segmentation-fault',
      START,
      "CONTAINER_EXITED: The kernel's container exited with code 139 (SIGSEGV: segmentation fault).",
    ],
    [
      'out-of-memory',
      START,
      "OUT_OF_MEMORY: The kernel's container was killed: out of memory (its limit is 64Mi).",
    ],
    [
      'killed-from-outside',
      RUN,
      "CONTAINER_EXITED: The kernel's container was killed from outside (exit code 137, SIGKILL).",
    ],
    [
      'liveness-probe-fails',
      RUN,
      "CONTAINER_EXITED: The kernel's container was killed by its node: its liveness probe failed.",
    ],
    [
      'post-start-hook-fails',
      START,
      "CONTAINER_EXITED: The kernel's container was killed by its node: its postStart hook failed.",
    ],
    ['deleted', RUN, "POD_DELETED: The kernel's pod kernel was deleted by somebody else."],
    ['deleted-by-force', RUN, "POD_DELETED: The kernel's pod kernel was deleted by somebody else."],
    ['deleted-and-ends-in-order', RUN, "POD_DELETED: The kernel's pod kernel was deleted by somebody else."],
    ['namespace-deleted', RUN, "POD_DELETED: The kernel's pod kernel was deleted by somebody else."],
    [
      'evicted-on-request',
      RUN,
      "POD_EVICTED: The kernel's pod was evicted from node node1: the node is drained or scaled down, or an administrator wanted it.",
    ],
    [
      'evicted-by-node',
      RUN,
      "POD_EVICTED: The kernel's pod was evicted from node node1: Pod ephemeral local storage usage exceeds the total limit of containers 10Mi.",
    ],
    ['deadline-exceeded', RUN, "POD_GONE: The kernel's pod ran for as long as it may (5 s)."],
  ])('%s', (name, before, failure) => {
    expect(told(name)).toEqual([...before, `failed ${failure}`]);
  });

  test('a container that exited by itself has its log asked for, one that was killed has not', () => {
    const logs = ['exit-42', 'init-container-exits', 'out-of-memory', 'killed-from-outside', 'deleted'].map(
      (name) => {
        const condition = outcome(name);
        return condition.state === 'failed' ? condition.container : undefined;
      },
    );
    expect(logs).toEqual(['kernel', 'fetch', null, null, null]);
  });

  test('a kernel that ended before its pod was deleted is not said to have been deleted', () => {
    const pod = podWith({
      metadata: { deletionTimestamp: '2026-01-15T20:01:30Z', deletionGracePeriodSeconds: 30 },
      status: {
        phase: 'Failed',
        containerStatuses: [
          { name: 'kernel', state: { terminated: { exitCode: 1, finishedAt: '2026-01-15T20:00:59Z' } } },
        ],
      },
    });
    expect(podConditionOf(pod, [])).toMatchObject({ failure: { code: 'CONTAINER_EXITED' } });
  });

  test('a kernel that was started again in its pod has ended', () => {
    const pod = podWith({
      spec: { restartPolicy: 'Always' },
      status: {
        phase: 'Running',
        podIP: '10.244.1.7',
        containerStatuses: [
          {
            name: 'kernel',
            restartCount: 1,
            started: true,
            state: { running: {} },
            lastState: { terminated: { exitCode: 137, reason: 'OOMKilled' } },
          },
        ],
      },
    });
    expect(podConditionOf(pod, [])).toMatchObject({ failure: { code: 'OUT_OF_MEMORY' } });
  });
});

describe('the kernel decides, not its sidecars', () => {
  test('a sidecar that ends takes no kernel with it', () => {
    expect(told('sidecar-exits').at(-1)).toBe('ready at 10.244.1.7');
  });

  test('a kernel runs though the image of its sidecar cannot be pulled', () => {
    expect(told('sidecar-image-not-found').at(-1)).toBe('ready at 10.244.1.7');
  });

  test('a kernel that ends is dead though its sidecar keeps the pod running', () => {
    expect(told('kernel-exits-beside-sidecar').at(-1)).toBe(
      "failed CONTAINER_EXITED: The kernel's container exited with code 0.",
    );
  });

  test('a sidecar that cannot start before the kernel does is the reason of the failure', () => {
    const pod = podWith({
      spec: {
        nodeName: 'node1',
        containers: [
          { name: 'kernel', image: 'example.com/kernel-py:1' },
          { name: 'proxy', image: 'example.com/proxy:1' },
        ],
      },
      status: {
        containerStatuses: [
          { name: 'kernel', state: { waiting: { reason: 'ContainerCreating' } } },
          {
            name: 'proxy',
            state: { waiting: { reason: 'CreateContainerError', message: 'no command specified' } },
          },
        ],
      },
    });
    expect(podConditionOf(pod, [])).toMatchObject({
      failure: { message: 'Container proxy could not be started: no command specified.' },
    });
  });
});

describe('what passes by itself is waited for', () => {
  const waiting = (reason: string, message: string) =>
    podWith({
      spec: { nodeName: 'node1' },
      status: { containerStatuses: [{ name: 'kernel', state: { waiting: { reason, message } } }] },
    });

  test.each(['ErrImagePull', 'ImagePullBackOff'])('a pull that the node puts off (%s)', (reason) => {
    expect(podConditionOf(waiting(reason, 'pull QPS exceeded'), [])).toEqual({
      state: 'pending',
      message: 'image example.com/kernel-py:1 waits for its turn: the node pulls too many at once',
    });
  });

  test('a runtime that does not get round to it', () => {
    expect(podConditionOf(waiting('CreateContainerError', 'context deadline exceeded'), [])).toEqual({
      state: 'pending',
      message: 'its node is slow to make the container: context deadline exceeded',
    });
  });

  test('an init container that is tried again, until it has failed again and again', () => {
    const pod = (state: object) =>
      podWith({
        spec: {
          nodeName: 'node1',
          restartPolicy: 'OnFailure',
          initContainers: [{ name: 'fetch', image: 'a' }],
        },
        status: {
          initContainerStatuses: [
            { name: 'fetch', state, lastState: { terminated: { exitCode: 3, reason: 'Error' } } },
          ],
        },
      });
    expect(podConditionOf(pod({ running: {} }), [])).toEqual({
      state: 'pending',
      message: 'init container fetch is still at work',
    });
    expect(podConditionOf(pod({ waiting: { reason: 'CrashLoopBackOff' } }), [])).toMatchObject({
      failure: { message: 'Init container fetch exited with code 3.' },
    });
  });

  test('a running kernel whose node is not ready: it may come back', () => {
    const pod = podWith({
      spec: { nodeName: 'node1' },
      status: {
        phase: 'Running',
        podIP: '10.244.1.7',
        conditions: [{ type: 'Ready', status: 'False' }],
        containerStatuses: [{ name: 'kernel', started: true, state: { running: {} } }],
      },
    });
    const event = eventWith({ reason: 'NodeNotReady', message: 'Node is not ready' });
    expect(podConditionOf(pod, [event])).toMatchObject({ state: 'ready' });
  });
});
