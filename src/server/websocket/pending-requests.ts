/** Requests that a kernel has not answered yet, and who asked: replies and input requests find their client by them. */
import type { HeaderFields } from '../../adapters/channels/kernel-message.ts';
import type { RequestChannel } from '../../adapters/channels/kernel-sockets.ts';

export interface PendingRequest<Client> {
  client: Client;
  channel: RequestChannel;
  msgType: string;
  /** The request's header, which becomes the parent header of its reply. */
  header: Buffer;
}

/** Beyond this the oldest is forgotten: a request that a kernel never answers must not stay forever. */
const MOST = 10_000;

export class PendingRequests<Client> {
  readonly #requests = new Map<string, PendingRequest<Client>[]>();

  /** Takes note of a message that asks for a reply; others are not kept. */
  add(client: Client, channel: RequestChannel, fields: HeaderFields, header: Buffer): void {
    if (!fields.msg_type.endsWith('_request')) return;
    const key = keyOf(fields);
    const request = { client, channel, msgType: fields.msg_type, header: Buffer.from(header) };
    const same = this.#requests.get(key);
    if (same !== undefined) {
      same.push(request);
      return;
    }
    this.#requests.set(key, [request]);
    if (this.#requests.size > MOST) this.#requests.delete(this.#requests.keys().next().value as string);
  }

  /** Who sent the request that this header is of. It stays pending. */
  find(parent: HeaderFields): PendingRequest<Client> | undefined {
    return this.#requests.get(keyOf(parent))?.[0];
  }

  /** The same, and it is answered now. */
  take(parent: HeaderFields): PendingRequest<Client> | undefined {
    const key = keyOf(parent);
    const same = this.#requests.get(key);
    const request = same?.shift();
    if (same?.length === 0) this.#requests.delete(key);
    return request;
  }

  takeAll(): PendingRequest<Client>[] {
    const all = [...this.#requests.values()].flat();
    this.#requests.clear();
    return all;
  }

  forget(client: Client): void {
    for (const [key, same] of this.#requests) {
      const others = same.filter((request) => request.client !== client);
      if (others.length > 0) this.#requests.set(key, others);
      else this.#requests.delete(key);
    }
  }
}

/** Two clients may use the same message ids; not in the same session. */
function keyOf({ session, msg_id }: HeaderFields): string {
  return `${session}\0${msg_id}`;
}
