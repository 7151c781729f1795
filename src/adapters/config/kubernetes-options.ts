/** The options for kernels in Kubernetes: a part of the option table. */
import { isIP } from 'node:net';
import { blankIsUnset, bool, matching, optional } from './codec.ts';
import { list, patternList } from './list-codecs.ts';
import { integer, seconds, secondsOrOff } from './number-codecs.ts';
import { setting } from './option.ts';
import { app } from './option-classes.ts';

const group = 'Kubernetes';
const LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
/** What a manifest may hold besides what every pod may. */
const PERMISSIONS = [
  'hostNetwork',
  'hostPID',
  'hostIPC',
  'hostPath',
  'hostPort',
  'privileged',
  'allowPrivilegeEscalation',
  'capabilities',
];

const IMAGE =
  /^([\w.-]+(:\d+)?\/)*[a-z0-9]+([._-]+[a-z0-9]+)*(:\w[\w.-]{0,127})?(@[\w.+-]+:[0-9a-fA-F]{32,128})?$/;

const imageName = () => optional(matching(IMAGE, 'the name of an image'));
const patterns = (of: string) => list(/^\S+$/, `${of}, separated by commas, in which * stands for any text`);

export const kubernetesOptions = {
  namespace: setting({
    group,
    doc: "The gateway's own namespace.",
    codec: blankIsUnset(matching(LABEL, 'the name of a namespace')),
    fallback: 'default',
    env: ['EG_NAMESPACE'],
    traits: [app('namespace')],
  }),
  sharedNamespace: setting({
    group,
    doc: "Run kernels in the gateway's namespace; false gives each kernel a namespace of its own. A client's KERNEL_NAMESPACE wins over either.",
    codec: bool(),
    fallback: false,
    env: ['EG_SHARED_NAMESPACE'],
    traits: [app('shared_namespace')],
    reloadable: true,
  }),
  kernelClusterRole: setting({
    group,
    doc: "Cluster role that a kernel's service account is bound to in a namespace of its own (Enterprise Gateway: cluster-admin, which lets a kernel do anything there).",
    codec: blankIsUnset(matching(/^[\w:-][\w.:-]*$/, 'the name of a cluster role')),
    fallback: 'kernel-controller',
    env: ['EG_KERNEL_CLUSTER_ROLE'],
    traits: [app('kernel_cluster_role')],
    reloadable: true,
  }),
  defaultServiceAccountName: setting({
    group,
    doc: 'Service account of kernels when KERNEL_SERVICE_ACCOUNT_NAME names none.',
    codec: blankIsUnset(matching(NAME, 'the name of a service account')),
    fallback: 'default',
    env: ['EG_DEFAULT_KERNEL_SERVICE_ACCOUNT_NAME'],
    traits: [app('default_kernel_service_account_name')],
    reloadable: true,
  }),
  kernelImage: setting({
    group,
    doc: 'Image of kernels when neither KERNEL_IMAGE nor the kernelspec (image_name) names one.',
    codec: imageName(),
    fallback: null,
    env: ['EG_KERNEL_IMAGE'],
    traits: [app('kernel_image')],
    reloadable: true,
  }),
  kernelExecutorImage: setting({
    group,
    doc: "Image of Spark executors when neither KERNEL_EXECUTOR_IMAGE nor the kernelspec (executor_image_name) names one; none means the kernel's image.",
    codec: imageName(),
    fallback: null,
    env: ['EG_KERNEL_EXECUTOR_IMAGE'],
    traits: [app('kernel_executor_image')],
    reloadable: true,
  }),
  imagePullSecrets: setting({
    group,
    doc: "Secrets in the gateway's namespace with which kernels' images are pulled; they are copied into namespaces that are made for kernels.",
    codec: list(NAME, 'names of secrets, separated by commas'),
    fallback: [],
    env: ['EG_IMAGE_PULL_SECRETS'],
    traits: [app('image_pull_secrets')],
    reloadable: true,
  }),
  allowedImages: setting({
    group,
    doc: 'Images that clients may choose (KERNEL_IMAGE, KERNEL_EXECUTOR_IMAGE), and that further containers of a pod may have, compared as they are written; empty allows any.',
    codec: patterns('names of images'),
    fallback: [],
    env: ['EG_ALLOWED_IMAGES'],
    traits: [app('allowed_images')],
    reloadable: true,
  }),
  allowedNamespaces: setting({
    group,
    doc: 'Namespaces that clients may choose (KERNEL_NAMESPACE); empty allows any.',
    codec: patterns('names of namespaces'),
    fallback: [],
    env: ['EG_ALLOWED_NAMESPACES'],
    traits: [app('allowed_namespaces')],
    reloadable: true,
  }),
  allowedServiceAccounts: setting({
    group,
    doc: 'Service accounts that clients may choose (KERNEL_SERVICE_ACCOUNT_NAME), and that manifests may name; empty allows any.',
    codec: patterns('names of service accounts'),
    fallback: [],
    env: ['EG_ALLOWED_SERVICE_ACCOUNTS'],
    traits: [app('allowed_service_accounts')],
    reloadable: true,
  }),
  allowedVolumeTypes: setting({
    group,
    doc: 'Types of volumes that clients may choose (KERNEL_VOLUMES), such as persistentVolumeClaim, emptyDir or nfs; empty allows every type but hostPath, * every type. hostPath must be in pod_permissions as well.',
    codec: list(/^(\*|[a-z][a-zA-Z]*)$/, 'names of volume types as a pod has them, separated by commas'),
    fallback: [],
    env: ['EG_ALLOWED_VOLUME_TYPES'],
    traits: [app('allowed_volume_types')],
    reloadable: true,
  }),
  podPermissions: setting({
    group,
    doc: 'What the manifests of pods may ask for although it opens their node to them.',
    codec: list(
      new RegExp(`^(${PERMISSIONS.join('|')})$`),
      `any of ${PERMISSIONS.join(', ')}, separated by commas`,
    ),
    fallback: [],
    env: ['EG_POD_PERMISSIONS'],
    traits: [app('pod_permissions')],
    reloadable: true,
  }),
  responseIp: setting({
    group,
    doc: 'Address of the gateway that kernels answer to; none means the first IPv4 address of this machine that is no loopback and not prohibited.',
    codec: optional(matching({ test: (given) => isIP(given) !== 0 }, 'an IP address')),
    fallback: null,
    env: ['EG_RESPONSE_IP'],
    traits: [app('response_ip')],
  }),
  responsePort: setting({
    group,
    doc: 'Port on which the gateway takes the answers of kernels; 0 lets the system choose one.',
    codec: integer({ min: 0, max: 65535 }),
    fallback: 8877,
    env: ['EG_RESPONSE_PORT'],
    traits: [app('response_port')],
  }),
  responsePortRetries: setting({
    group,
    doc: 'How many other ports are tried when that one is taken.',
    codec: integer({ min: 0 }),
    fallback: 10,
    env: ['EG_RESPONSE_PORT_RETRIES'],
    traits: [app('response_port_retries')],
  }),
  responseAddrAny: setting({
    group,
    doc: 'Take the answers of kernels on every address of this machine; they are told the same one nevertheless.',
    codec: bool(),
    fallback: false,
    env: ['EG_RESPONSE_ADDR_ANY'],
    traits: [app('response_addr_any')],
  }),
  prohibitedLocalIps: setting({
    group,
    doc: 'Addresses of this machine that kernels are not told to answer to, unless there are no others; an expression has to fit from the beginning of the address.',
    codec: patternList(),
    fallback: [],
    env: ['EG_PROHIBITED_LOCAL_IPS'],
    traits: [app('prohibited_local_ips')],
  }),
  socketTimeout: setting({
    group,
    doc: "Time that a kernel's answer, or the port on which it takes signals, may take (Enterprise Gateway: 0.005; below 0.1, 5 is taken).",
    codec: seconds(),
    fallback: 5,
    env: ['EG_SOCKET_TIMEOUT'],
    traits: [app('socket_timeout')],
    reloadable: true,
  }),
  reconcileInterval: setting({
    group,
    doc: 'Time between two looks for what kernels that are gone have left in the cluster; 0 turns it off.',
    codec: secondsOrOff(),
    fallback: 300,
    env: ['EG_RECONCILE_INTERVAL'],
    traits: [app('reconcile_interval')],
  }),
} as const;
