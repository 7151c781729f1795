/** The containers of a pod, of every sort. */
import { type Mapping, mappingsOf } from './manifest-objects.ts';

export interface NamedContainer {
  container: Mapping;
  /** Within the pod, such as `spec.containers[0]`. */
  path: string;
}

export function containersOf(spec: Mapping): NamedContainer[] {
  return ['containers', 'initContainers', 'ephemeralContainers'].flatMap((list) =>
    mappingsOf(spec[list]).map((container, index) => ({ container, path: `spec.${list}[${index}]` })),
  );
}
