/** Reads all objects of a selection, page by page. */
import type { ApiTransport } from './api-transport.ts';
import type { KubernetesObject, ResourceKind, Selection } from './cluster.ts';

/** Objects to a page, as kubectl asks for them. */
const PAGE_SIZE = 500;

export interface ResourceList<Resource> {
  objects: Resource[];
  /** What a watch goes on from. */
  resourceVersion: string;
}

interface Page<Resource> {
  items?: Resource[] | null;
  metadata: { resourceVersion: string; continue?: string };
}

/**
 * What is in the cluster at one moment, whatever changes while pages are read.
 *
 * @param limits `timeout`: milliseconds for each page
 * @throws ClusterError; with status 410 when the pages took the API server too long to remember that moment
 */
export async function listResources<Resource extends KubernetesObject>(
  transport: ApiTransport,
  path: string,
  { apiVersion, kind }: ResourceKind,
  selection: Selection,
  limits: { timeout?: number; signal?: AbortSignal } = {},
): Promise<ResourceList<Resource>> {
  const objects: Resource[] = [];
  let next: string | undefined;
  for (;;) {
    const query = { ...selectorQuery(selection), limit: PAGE_SIZE, continue: next };
    const page = JSON.parse(
      await transport.request({ verb: 'list', path, query, ...limits }),
    ) as Page<Resource>;
    // Items of a list do not say what they are, unlike objects that are read or watched.
    for (const item of page.items ?? []) objects.push(withoutBookkeeping({ ...item, apiVersion, kind }));
    next = page.metadata.continue;
    if (next === undefined || next === '') {
      return { objects, resourceVersion: page.metadata.resourceVersion };
    }
  }
}

export function selectorQuery({ labelSelector, fieldSelector }: Selection) {
  return { labelSelector: labelSelector || undefined, fieldSelector: fieldSelector || undefined };
}

/** Who has written which field is a third of an object's size, and nothing that the gateway asks about. */
export function withoutBookkeeping<Resource extends KubernetesObject>(object: Resource): Resource {
  delete object.metadata.managedFields;
  return object;
}
