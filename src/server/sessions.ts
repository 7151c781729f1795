/** Jupyter's sessions: which document works with which kernel. They live as long as their kernel, over restarts of the gateway too. */
import { randomUUID } from 'node:crypto';
import { HttpError, printable } from './http-error.ts';

export interface Session {
  id: string;
  path: string;
  name: string;
  type: string;
  kernelId: string;
}

/** Where sessions are written down; does nothing when persistence is off. */
export interface SessionDocuments {
  save(id: string, session: Session): Promise<void>;
  delete(id: string): Promise<void>;
  loadAll(): Promise<Session[]>;
}

export const noSessionDocuments: SessionDocuments = {
  save: () => Promise.resolve(),
  delete: () => Promise.resolve(),
  loadAll: () => Promise.resolve([]),
};

/** @throws Error which says what is wrong with a document that was read */
export function validSession(document: unknown): Session {
  const session = document as Partial<Session> | null;
  for (const name of ['id', 'path', 'name', 'type', 'kernelId'] as const) {
    if (typeof session?.[name] !== 'string') throw new Error(`${name} is missing`);
  }
  return session as Session;
}

export class Sessions {
  readonly #documents: SessionDocuments;
  readonly #sessions = new Map<string, Session>();
  readonly #starting = new Map<string, Promise<Session>>();

  constructor(documents: SessionDocuments) {
    this.#documents = documents;
  }

  /** Takes up the sessions of an earlier gateway, as far as their kernels are still there. */
  async adopt(kernelExists: (kernelId: string) => boolean): Promise<void> {
    for (const session of await this.#documents.loadAll()) {
      if (kernelExists(session.kernelId)) this.#sessions.set(session.id, session);
      else await this.#documents.delete(session.id);
    }
  }

  list(): Session[] {
    return [...this.#sessions.values()];
  }

  /** @throws HttpError 404 */
  get(id: string): Session {
    const session = this.#sessions.get(id);
    if (session === undefined) {
      throw new HttpError(
        404,
        `Session does not exist: ${printable(id)}`,
        'It may have ended with its kernel.',
      );
    }
    return session;
  }

  /**
   * The session of a document: the present one, the one that another request is
   * starting at the moment, or a new one.
   */
  findOrStart(path: string, type: string, start: () => Promise<Omit<Session, 'id'>>): Promise<Session> {
    const present = this.list().find((session) => session.path === path && session.type === type);
    if (present !== undefined) return Promise.resolve(present);
    const key = JSON.stringify([path, type]);
    const starting = this.#starting.get(key) ?? this.#start(start).finally(() => this.#starting.delete(key));
    this.#starting.set(key, starting);
    return starting;
  }

  async update(session: Session, change: Partial<Omit<Session, 'id'>>): Promise<Session> {
    return this.#keep({ ...session, ...change });
  }

  /** A kernel has ended, and its sessions with it. */
  async kernelEnded(kernelId: string): Promise<void> {
    for (const session of this.list()) if (session.kernelId === kernelId) await this.delete(session.id);
  }

  async delete(id: string): Promise<void> {
    this.#sessions.delete(id);
    await this.#documents.delete(id);
  }

  async #start(start: () => Promise<Omit<Session, 'id'>>): Promise<Session> {
    return this.#keep({ id: randomUUID(), ...(await start()) });
  }

  async #keep(session: Session): Promise<Session> {
    this.#sessions.set(session.id, session);
    await this.#documents.save(session.id, session);
    return session;
  }
}
