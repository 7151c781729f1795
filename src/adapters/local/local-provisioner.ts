/**
 * Runs kernels as processes of this machine, each in a session and process
 * group of its own. A kernel's death is learnt from its process; that of a
 * kernel which another gateway started, from its connections (see `examine`).
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { constants as fileModes, rmSync } from 'node:fs';
import { access, open, readFile, rm, stat } from 'node:fs/promises';
import { constants } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Observable, Subject } from 'rxjs';
import { KernelFailure, oneLine } from '../../machines/failure.ts';
import type {
  Adoption,
  ConnectionInfo,
  KernelProvisioner,
  LaunchPlan,
  Pod,
  PodEvent,
} from '../../machines/ports.ts';
import { LOOPBACK, PORT_NAMES, writeConnectionFile } from './connection-file.ts';
import { KernelOutput, OUTPUT_STREAMS, type OutputLine } from './kernel-output.ts';
import { deathOf, exitOf, spawned, substituted } from './kernel-process.ts';
import { PortAllocation } from './port-allocation.ts';
import { killNow, processesWith, processIdentity, signalGroup } from './process-identity.ts';
import { type ProcessRecord, ProcessRecords } from './process-records.ts';

export interface LocalProvisionerOptions {
  /** Jupyter's runtime directory: connection files lie here, so that other Jupyter tools find them. */
  runtimeDir: string;
  /** Null: kernels end with the gateway. Else they run on, and are found again by the records in this directory. */
  persistenceRoot: string | null;
  log: LocalLog;
}

export interface LocalLog {
  output(line: OutputLine): void;
  info(context: object, text: string): void;
  warn(context: object, text: string): void;
}

/** Milliseconds after a lost connection at which an adopted process is looked at: it may still be dying. */
const EXAMINATIONS = [0, 20, 100, 500, 2000];
/** Milliseconds in which a killed process must be gone, and between looks at one that is not our child. */
const KILL_TIMEOUT = 5000;
const KILL_POLL = 20;

interface LocalProcess {
  pid: number;
  uid: string;
  identity: string;
  /** Null for an adopted process, which is no child of ours. */
  child: ChildProcess | null;
  exited: Promise<void>;
  markExited(): void;
  ports: number[];
}

export class LocalProvisioner implements KernelProvisioner {
  readonly #options: LocalProvisionerOptions;
  readonly #records: ProcessRecords;
  readonly #output: KernelOutput;
  readonly #ports = new PortAllocation();
  readonly #processes = new Map<string, LocalProcess>();
  readonly #subjects = new Map<string, Subject<PodEvent>>();
  #gateway: ProcessRecord['gateway'] | null = null;

  constructor(options: LocalProvisionerOptions) {
    this.#options = options;
    const directory = join(options.runtimeDir, 'kernelgate');
    this.#records = new ProcessRecords(directory);
    this.#output = new KernelOutput(directory, (line) => options.log.output(line));
  }

  /**
   * Makes the directories, and ends what gateways that were killed have left
   * behind, except the kernels that are about to be adopted.
   */
  async prepare(adoptable: ReadonlySet<string>): Promise<void> {
    await this.#records.prepare();
    await this.#records.removeDrafts();
    this.#gateway = { pid: process.pid, identity: (await processIdentity(process.pid)) ?? '' };
    for (const record of await this.#records.abandoned()) {
      if (adoptable.has(record.kernelId)) continue;
      if (record.persistenceRoot !== null && record.persistenceRoot !== this.#options.persistenceRoot)
        continue;
      await this.#cleanUp(record);
    }
  }

  async check(plan: LaunchPlan): Promise<void> {
    const [command] = plan.argv;
    await access(command ?? '', fileModes.X_OK).catch((cause) => {
      throw refused(
        `kernelspec ${plan.kernelName}: argv[0] ${command} can't be executed.`,
        'Correct its kernel.json.',
        cause,
      );
    });
    if (plan.workingDir === null) return;
    const isDirectory = await stat(plan.workingDir).then(
      (stats) => stats.isDirectory(),
      () => false,
    );
    if (!isDirectory) {
      throw refused(
        `KERNEL_WORKING_DIR: ${plan.workingDir} is no directory here.`,
        'Leave it out, or create it.',
      );
    }
  }

  async createNamespace(): Promise<void> {}

  async deleteNamespace(): Promise<void> {}

  async createPod(plan: LaunchPlan, signal: AbortSignal): Promise<Pod> {
    const { kernelId } = plan;
    let ports: number[] = [];
    try {
      ports = await this.#ports.allocate(PORT_NAMES.length, LOOPBACK, plan.portRange);
      const started = await this.#start(plan, ports);
      signal.throwIfAborted();
      return started;
    } catch (error) {
      const isRegistered = this.#processes.has(kernelId);
      await this.deletePod(plan);
      if (!isRegistered) this.#ports.release(ports);
      if (error instanceof KernelFailure || signal.aborted) throw error;
      throw new KernelFailure(
        {
          code: 'POD_CREATION_FAILED',
          message: `Kernel ${plan.kernelName} could not be started: ${oneLine((error as Error).message)}`,
          hint: `Check the kernelspec in ${plan.resourceDir}, and the log of the gateway for kernel ${kernelId}.`,
        },
        { cause: error },
      );
    }
  }

  podEvents(kernelId: string): Observable<PodEvent> {
    return new Observable((observer) => {
      const subject = this.#subjects.get(kernelId) ?? new Subject<PodEvent>();
      this.#subjects.set(kernelId, subject);
      const subscription = subject.subscribe(observer);
      return () => {
        subscription.unsubscribe();
        if (!subject.observed) this.#subjects.delete(kernelId);
      };
    });
  }

  /** A local kernel is told its ports, instead of telling them. */
  async awaitHandshake(plan: LaunchPlan): Promise<ConnectionInfo> {
    return JSON.parse(await readFile(this.#connectionFile(plan.kernelId), 'utf8')) as ConnectionInfo;
  }

  async interrupt(plan: LaunchPlan, pod: Pod): Promise<void> {
    const running = this.#processes.get(plan.kernelId);
    const signal = this.#interruptSignal(plan);
    if (running === undefined || running.uid !== pod.uid || !signalGroup(running.pid, signal)) {
      throw new Error(`kernel ${plan.kernelId} has no process to interrupt`);
    }
  }

  /** The kernel itself is all there is. */
  async requestExit(): Promise<void> {}

  async adoptPod(plan: LaunchPlan, pod: Pod): Promise<Adoption> {
    const { kernelId } = plan;
    const identity = pod.pid === null ? null : await processIdentity(pod.pid);
    if (pod.pid === null || identity === null || uidOf(pod.pid, identity) !== pod.uid) {
      return { pod: null, failure: null };
    }
    const connection = await this.awaitHandshake(plan).catch(() => null);
    const ports = connection === null ? [] : PORT_NAMES.map((name) => connection[name]);
    this.#ports.adopt(ports);
    this.#register(kernelId, pod.pid, identity, ports, null);
    await this.#records.write(this.#record(kernelId, pod.pid, identity));
    await this.#output.follow(kernelId, 'end').catch((error) => {
      this.#options.log.warn(
        { kernelId, err: error },
        `the output of kernel ${kernelId} can't be followed any more`,
      );
    });
    return { pod };
  }

  async detachPod(plan: LaunchPlan): Promise<void> {
    const running = this.#processes.get(plan.kernelId);
    this.#processes.delete(plan.kernelId);
    running?.child?.removeAllListeners('exit');
    running?.child?.unref();
    await this.#output.release(plan.kernelId);
  }

  async deletePod({ kernelId }: Pick<LaunchPlan, 'kernelId'>): Promise<void> {
    const running = this.#processes.get(kernelId);
    if (running !== undefined) {
      await this.#kill(running);
      this.#ports.release(running.ports);
      this.#processes.delete(kernelId);
    }
    await this.#output.finish(kernelId);
    await this.#output.remove(kernelId);
    await rm(this.#connectionFile(kernelId), { force: true });
    await this.#records.delete(kernelId);
  }

  /** Something about this kernel has changed, a connection to it was lost perhaps: is its process still there? */
  async examine(kernelId: string): Promise<void> {
    const running = this.#processes.get(kernelId);
    if (running === undefined || running.child !== null) return;
    for (const wait of EXAMINATIONS) {
      await delay(wait);
      if ((await processIdentity(running.pid)) === running.identity) continue;
      await this.#gone(
        kernelId,
        running,
        'ended (another gateway had started it, so its exit status is unknown)',
      );
      return;
    }
  }

  /**
   * For the last moment of the gateway's life, when nothing asynchronous runs
   * any more. Kernels that are to survive the gateway are left to the next one.
   */
  killAllNow(): void {
    if (this.#options.persistenceRoot !== null) return;
    for (const [kernelId, { pid }] of this.#processes) {
      signalGroup(pid, 'SIGKILL');
      const files = OUTPUT_STREAMS.map((stream) => this.#output.path(kernelId, stream));
      for (const file of [...files, this.#connectionFile(kernelId), this.#records.path(kernelId)]) {
        rmSync(file, { force: true });
      }
    }
  }

  /** Removes the directory of a gateway that leaves nothing behind. */
  async close(): Promise<void> {
    await this.#records.tidy();
  }

  #connectionFile(kernelId: string): string {
    return join(this.#options.runtimeDir, `kernel-${kernelId}.json`);
  }

  #interruptSignal({ kernelId, env }: LaunchPlan): NodeJS.Signals {
    const chosen = env['EG_ALTERNATE_SIGINT'] ?? 'SIGINT';
    if (Object.hasOwn(constants.signals, chosen)) return chosen as NodeJS.Signals;
    this.#options.log.warn(
      { kernelId },
      `EG_ALTERNATE_SIGINT: ${chosen} is no signal; SIGINT is sent instead`,
    );
    return 'SIGINT';
  }

  async #start(plan: LaunchPlan, ports: number[]): Promise<Pod> {
    const { kernelId } = plan;
    const connectionFile = this.#connectionFile(kernelId);
    await this.#records.write(this.#record(kernelId, null, null));
    await writeConnectionFile(connectionFile, plan, ports);
    const [stdout, stderr] = await Promise.all(
      OUTPUT_STREAMS.map((stream) => open(this.#output.path(kernelId, stream), 'a', 0o600)),
    );
    try {
      const [command = '', ...args] = substituted(plan, connectionFile);
      const child = spawn(command, args, {
        cwd: plan.workingDir ?? undefined,
        env: this.#environment(plan),
        detached: true,
        stdio: ['ignore', stdout?.fd, stderr?.fd],
      });
      const exit = exitOf(child);
      const pid = await spawned(child);
      const identity = (await processIdentity(pid)) ?? '';
      const running = this.#register(kernelId, pid, identity, ports, child);
      void exit.then(() => running.markExited());
      await this.#output.follow(kernelId, 'start');
      // Not before its output is followed: its last words explain its end.
      void exit.then((what) => this.#gone(kernelId, running, what));
      await this.#records.write(this.#record(kernelId, pid, identity));
      return { name: `kernel-${kernelId}`, namespace: null, ip: LOOPBACK, node: null, uid: running.uid, pid };
    } finally {
      await Promise.all([stdout?.close(), stderr?.close()]);
    }
  }

  /** A kernel that is to end with the gateway looks for itself whether its parent is still there. */
  #environment(plan: LaunchPlan): Record<string, string> {
    return this.#options.persistenceRoot === null
      ? { ...plan.env, JPY_PARENT_PID: String(process.pid) }
      : plan.env;
  }

  #record(kernelId: string, pid: number | null, identity: string | null): ProcessRecord {
    if (this.#gateway === null) throw new Error('the local provisioner was not prepared');
    return {
      kernelId,
      connectionFile: this.#connectionFile(kernelId),
      pid,
      identity,
      gateway: this.#gateway,
      persistenceRoot: this.#options.persistenceRoot,
    };
  }

  #register(
    kernelId: string,
    pid: number,
    identity: string,
    ports: number[],
    child: ChildProcess | null,
  ): LocalProcess {
    const { promise: exited, resolve: markExited } = Promise.withResolvers<void>();
    const running = { pid, identity, uid: uidOf(pid, identity), child, exited, markExited, ports };
    this.#processes.set(kernelId, running);
    return running;
  }

  async #gone(kernelId: string, running: LocalProcess, what: string): Promise<void> {
    running.markExited();
    if (this.#processes.get(kernelId) !== running) return;
    const lastLines = await this.#output.finish(kernelId);
    this.#subjects
      .get(kernelId)
      ?.next({ type: 'pod.gone', uid: running.uid, failure: deathOf(kernelId, what, lastLines) });
  }

  async #kill(running: LocalProcess): Promise<void> {
    const { pid, identity, child } = running;
    if (child !== null || (await isGroupOf(pid, identity))) signalGroup(pid, 'SIGKILL');
    if (running.child !== null) return running.exited;
    const deadline = Date.now() + KILL_TIMEOUT;
    while (await this.#isAlive(running)) {
      if (Date.now() > deadline) throw new Error(`process ${running.pid} does not end though it was killed`);
      await delay(KILL_POLL);
    }
  }

  async #isAlive({ pid, identity }: LocalProcess): Promise<boolean> {
    return (await processIdentity(pid)) === identity;
  }

  async #cleanUp(record: ProcessRecord): Promise<void> {
    const { kernelId, connectionFile } = record;
    const pids = new Set(await processesWith(connectionFile));
    if (record.pid !== null && (await isGroupOf(record.pid, record.identity))) pids.add(record.pid);
    for (const pid of pids) killNow(pid);
    await this.#output.remove(kernelId);
    await rm(connectionFile, { force: true });
    await this.#records.delete(kernelId);
    this.#options.log.info(
      { kernelId, pids: [...pids] },
      `removed kernel ${kernelId}, which a gateway that was killed had left behind`,
    );
  }
}

/** A process id is not given out anew while a process group of that number lives on without its leader. */
async function isGroupOf(pid: number, identity: string | null): Promise<boolean> {
  const present = await processIdentity(pid);
  return present === null || present === identity;
}

function uidOf(pid: number, identity: string): string {
  return `${pid}@${identity}`;
}

function refused(message: string, hint: string, cause?: unknown): KernelFailure {
  return new KernelFailure({ code: 'LAUNCH_REFUSED', message, hint }, { cause });
}
