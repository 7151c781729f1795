/**
 * Where a manifest opens its node to a kernel: all that the Baseline of the Pod
 * Security Standards forbids, and services that do the same.
 * https://kubernetes.io/docs/concepts/security/pod-security-standards
 */
import { type ManifestObject, type Mapping, mappingOf, mappingsOf } from './manifest-objects.ts';
import { containersOf, type NamedContainer } from './pod-containers.ts';

export interface NodeAccess {
  /** The field, such as `spec.hostNetwork`. */
  path: string;
  /** What allows it, of `EG_POD_PERMISSIONS`; null: nothing does. */
  permission: string | null;
}

/** Kernel parameters that a node keeps apart for each pod. */
const SAFE_SYSCTLS = new Set([
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.ping_group_range',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_rmem',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.tcp_wmem',
]);

export function nodeAccessIn(object: ManifestObject): NodeAccess[] {
  const spec = mappingOf(object.spec);
  switch (object.kind) {
    case 'Pod':
      return [...podAccess(spec), ...annotationAccess(mappingOf(object.metadata.annotations))];
    case 'PersistentVolume':
      return found('spec', spec, { hostPath: 'hostPath', local: 'hostPath' });
    case 'Service':
      return serviceAccess(spec);
    default:
      return [];
  }
}

function podAccess(spec: Mapping): NodeAccess[] {
  return [
    ...found('spec', spec, { hostNetwork: 'hostNetwork', hostPID: 'hostPID', hostIPC: 'hostIPC' }),
    ...mappingsOf(spec['volumes']).flatMap((volume, index) =>
      found(`spec.volumes[${index}]`, volume, { hostPath: 'hostPath' }),
    ),
    ...confinementAccess('spec.securityContext', mappingOf(spec['securityContext'])),
    ...sysctlAccess(mappingOf(spec['securityContext'])),
    ...containersOf(spec).flatMap(containerAccess),
  ];
}

function containerAccess({ container, path }: NamedContainer): NodeAccess[] {
  const context = mappingOf(container['securityContext']);
  const contextPath = `${path}.securityContext`;
  return [
    ...found(contextPath, context, {
      privileged: 'privileged',
      allowPrivilegeEscalation: 'allowPrivilegeEscalation',
    }),
    ...found(`${contextPath}.capabilities`, mappingOf(context['capabilities']), { add: 'capabilities' }),
    ...(context['procMount'] === 'Default' ? [] : found(contextPath, context, { procMount: 'privileged' })),
    ...confinementAccess(contextPath, context),
    ...mappingsOf(container['ports']).flatMap((port, index) =>
      found(`${path}.ports[${index}]`, port, { hostPort: 'hostPort' }),
    ),
  ];
}

/** Of pods and of containers: whatever weakens the walls around them. */
function confinementAccess(path: string, context: Mapping): NodeAccess[] {
  const windows = mappingOf(context['windowsOptions']);
  const profiles = ['seccompProfile', 'appArmorProfile'].filter(
    (name) => mappingOf(context[name])['type'] === 'Unconfined',
  );
  return [
    ...found(`${path}.windowsOptions`, windows, { hostProcess: 'privileged' }),
    ...found(path, context, { seLinuxOptions: 'privileged' }),
    ...profiles.map((name) => ({ path: `${path}.${name}.type`, permission: 'privileged' })),
  ];
}

function sysctlAccess(context: Mapping): NodeAccess[] {
  return mappingsOf(context['sysctls']).flatMap(({ name }, index) =>
    SAFE_SYSCTLS.has(String(name))
      ? []
      : [{ path: `spec.securityContext.sysctls[${index}].name`, permission: 'privileged' }],
  );
}

function annotationAccess(annotations: Mapping): NodeAccess[] {
  return Object.entries(annotations)
    .filter(
      ([name, value]) => name.includes('apparmor.security.beta.kubernetes.io/') && value === 'unconfined',
    )
    .map(([name]) => ({ path: `metadata.annotations["${name}"]`, permission: 'privileged' }));
}

/** A port of every node, or addresses that it would draw to itself from the whole cluster. */
function serviceAccess(spec: Mapping): NodeAccess[] {
  const opensNodes = spec['type'] === 'NodePort' || spec['type'] === 'LoadBalancer';
  return [
    ...(opensNodes ? [{ path: 'spec.type', permission: 'hostPort' }] : []),
    ...(isSet(spec['externalIPs']) ? [{ path: 'spec.externalIPs', permission: null }] : []),
  ];
}

/** @param fields the permission that each of them needs, unless it is off */
function found(path: string, mapping: Mapping, fields: Record<string, string>): NodeAccess[] {
  return Object.entries(fields)
    .filter(([field]) => isSet(mapping[field]))
    .map(([field, permission]) => ({ path: `${path}.${field}`, permission }));
}

/** An empty mapping is set: as a volume it has a meaning. */
function isSet(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  return value !== undefined && value !== null && value !== false && value !== 0;
}
