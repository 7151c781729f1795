/** Where a kernelspec's kernels run. */
import type { KernelSpec } from './ports.ts';

export interface ProcessProxy {
  className: string;
  config: Record<string, unknown>;
}

/** `other`: somewhere that this gateway launches nothing. */
export type LaunchTarget = 'local' | 'kubernetes' | 'spark-operator' | 'other';

const TARGETS: Readonly<Record<string, LaunchTarget>> = {
  LocalProcessProxy: 'local',
  KubernetesProcessProxy: 'kubernetes',
  SparkOperatorProcessProxy: 'spark-operator',
  CustomResourceProcessProxy: 'spark-operator',
};

/** @param className `process_proxy.class_name`, with Enterprise Gateway's module or without; empty: local */
export function launchTargetOf(className: string): LaunchTarget {
  if (className === '') return 'local';
  const bareName = className.slice(className.lastIndexOf('.') + 1);
  return Object.hasOwn(TARGETS, bareName) ? (TARGETS[bareName] as LaunchTarget) : 'other';
}

/** Whether the kernels run in pods. */
export function isInCluster(className: string): boolean {
  const target = launchTargetOf(className);
  return target === 'kubernetes' || target === 'spark-operator';
}

/** `metadata.process_proxy`; a kernelspec without one is local. */
export function processProxyOf({ spec }: Pick<KernelSpec, 'spec'>): ProcessProxy {
  const proxy = asObject(spec.metadata['process_proxy']);
  const className = proxy['class_name'];
  return { className: typeof className === 'string' ? className : '', config: asObject(proxy['config']) };
}

function asObject(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
}
