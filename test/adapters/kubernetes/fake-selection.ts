/** What labels and fields select, as far as the gateway asks for it. */
import type { KubernetesObject, ResourceKind, Selection } from '../../../src/adapters/kubernetes/cluster.ts';

export function matches(object: KubernetesObject, kind: ResourceKind, selection: Selection): boolean {
  const { labels = {}, namespace } = object.metadata;
  if (object.kind !== kind.kind) return false;
  if (selection.namespace !== undefined && selection.namespace !== namespace) return false;
  return (
    termsOf(selection.labelSelector).every(([name, value]) => labels[name] === value) &&
    termsOf(selection.fieldSelector).every(([path, value]) => valueAt(object, path) === value)
  );
}

function termsOf(selector: string | undefined): [string, string][] {
  if (selector === undefined) return [];
  return selector.split(',').map((term) => {
    const [name = '', value = ''] = term.split('=');
    return [name, value];
  });
}

function valueAt(object: object, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((value, name) => (value as Record<string, unknown> | undefined)?.[name], object);
}
