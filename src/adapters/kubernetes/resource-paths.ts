/** Under which path of the API a kind is found: the API server itself tells it (its discovery documents). */
import { ApiRefusal } from './api-answer.ts';
import type { ApiTransport } from './api-transport.ts';
import type { ObjectKey, ResourceKind } from './cluster.ts';

interface ApiResource {
  /** Plural, as in the path; `pods/log` for what is below an object. */
  name: string;
  kind: string;
  namespaced: boolean;
}

export class ResourcePaths {
  readonly #transport: ApiTransport;
  readonly #known = new Map<string, Promise<ApiResource[]>>();

  constructor(transport: ApiTransport) {
    this.#transport = transport;
  }

  /** Of all objects of a kind, in one namespace or in all of them. @throws ClusterError `UnknownKind` */
  async collection(kind: ResourceKind, namespace: string | undefined): Promise<string> {
    const resource = await this.#resource(kind);
    const within = resource.namespaced && namespace !== undefined ? `/namespaces/${segment(namespace)}` : '';
    return `${root(kind)}${within}/${resource.name}`;
  }

  /** Where an object of a kind is created. @throws ClusterError `UnknownKind` */
  async home(kind: ResourceKind, namespace: string | undefined): Promise<string> {
    return this.collection(kind, namespace ?? this.#transport.namespace);
  }

  /** @throws ClusterError `UnknownKind` */
  async object(key: ObjectKey): Promise<string> {
    return `${await this.home(key, key.namespace)}/${segment(key.name)}`;
  }

  /** A kind that is not known may have been defined since the server was asked. */
  async #resource(kind: ResourceKind): Promise<ApiResource> {
    const isMeant = (each: ApiResource) => each.kind === kind.kind && !each.name.includes('/');
    const known = await this.#known.get(kind.apiVersion);
    const resource = known?.find(isMeant) ?? (await this.#discover(kind)).find(isMeant);
    if (resource === undefined) throw unknownKind(kind);
    return resource;
  }

  #discover(kind: ResourceKind): Promise<ApiResource[]> {
    const asked = this.#ask(kind);
    this.#known.set(kind.apiVersion, asked);
    asked.catch(() => {
      if (this.#known.get(kind.apiVersion) === asked) this.#known.delete(kind.apiVersion);
    });
    return asked;
  }

  async #ask(kind: ResourceKind): Promise<ApiResource[]> {
    try {
      const body = await this.#transport.request({ verb: 'discover', path: root(kind) });
      return (JSON.parse(body) as { resources: ApiResource[] }).resources;
    } catch (error) {
      throw error instanceof ApiRefusal && error.status === 404 ? unknownKind(kind) : error;
    }
  }
}

/** A name as a part of a path. Names come from clients: none may lead to another place. */
export function segment(name: string): string {
  if (name === '' || name === '.' || name === '..') {
    throw new ApiRefusal(
      400,
      'BadRequest',
      `'${name}' is no name of an object: names hold letters, digits and -`,
    );
  }
  return encodeURIComponent(name);
}

function root({ apiVersion }: ResourceKind): string {
  const parts = apiVersion.split('/').map(segment).join('/');
  return apiVersion.includes('/') ? `/apis/${parts}` : `/api/${parts}`;
}

function unknownKind({ kind, apiVersion }: ResourceKind): ApiRefusal {
  const message = `the cluster knows no kind ${kind} of ${apiVersion}: install what defines it (a CustomResourceDefinition)`;
  return new ApiRefusal(404, 'UnknownKind', message);
}
