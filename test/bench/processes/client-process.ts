/** A client in a process of its own, so that what it spends is not the gateway's nor the benchmark's. */
import type { ChildProcess } from 'node:child_process';
import type { ClientResult, ClientTask } from '../client/tasks.ts';
import type { WebSocketProtocol } from '../protocol/websocket-frames.ts';
import { forkProgram, nextMessage, stopProcess } from './child.ts';

const readyTimeoutMs = 90_000;
/** The client limits its tasks itself; this only catches one that hangs. */
const taskTimeoutMs = 200_000;

/** Thrown when a client could not connect, or a task failed. */
export class ClientError extends Error {
  readonly code = 'client_failed';
}

export class ClientProcess {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static direct(connectionFile: string): Promise<ClientProcess> {
    return ClientProcess.#start(forkProgram('direct-client.ts', [connectionFile]));
  }

  static webSocket(url: string, protocol: WebSocketProtocol): Promise<ClientProcess> {
    return ClientProcess.#start(forkProgram('websocket-client.ts', [url, protocol]));
  }

  static async #start(child: ChildProcess): Promise<ClientProcess> {
    const client = new ClientProcess(child);
    try {
      await client.#result('ready', 'connecting a client', readyTimeoutMs);
      return client;
    } catch (error) {
      await client.stop();
      throw error;
    }
  }

  /** Throws ClientError when the task failed or took too long. */
  async perform<K extends ClientTask['kind']>(
    task: ClientTask & { kind: K },
  ): Promise<ClientResult & { kind: K }> {
    this.#child.send(task);
    return this.#result(task.kind, `the task ${task.kind}`, taskTimeoutMs);
  }

  stop(): Promise<void> {
    return stopProcess(this.#child);
  }

  async #result<K extends ClientResult['kind']>(kind: K, what: string, timeoutMs: number) {
    const result = await nextMessage<ClientResult>(this.#child, what, timeoutMs);
    if (result.kind !== kind) {
      const reason = result.kind === 'failed' ? result.reason : `it answered ${result.kind}`;
      throw new ClientError(`${what} failed: ${reason}`);
    }
    return result as ClientResult & { kind: K };
  }
}
