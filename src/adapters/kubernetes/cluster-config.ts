/**
 * Where the cluster is and what lets the gateway in: the service account of
 * the gateway's own pod, or a kubeconfig. The library reads the files and
 * knows every way to log in (tokens, certificates, exec plugins, OIDC, cloud
 * providers); it is loaded only when a cluster is used, because it takes 90 MB.
 */
import { existsSync, readFileSync } from 'node:fs';
import type { Agent } from 'node:http';
import type { RequestOptions } from 'node:https';
import { delimiter, join } from 'node:path';
import type { KubeConfig } from '@kubernetes/client-node';
import { oneLine } from '../../machines/failure.ts';
import { ClusterError } from './cluster.ts';

/** Where Kubernetes puts a pod's service account. */
const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';
const TLS_OPTIONS = ['ca', 'cert', 'key', 'pfx', 'passphrase', 'rejectUnauthorized', 'servername'] as const;

/** The API server, and how to be let in. */
export interface ApiAccess {
  /** `https://host:port`, with a path when there is one, without a slash at its end. */
  readonly server: string;
  /** For objects that name none. */
  readonly namespace: string;
  /** To be asked for each request, because tokens and certificates are renewed. @throws ClusterError */
  credentials(): Promise<Credentials>;
}

export interface Credentials {
  headers: Record<string, string>;
  tls: Pick<RequestOptions, (typeof TLS_OPTIONS)[number]>;
  /** What connects through the kubeconfig's `proxy-url`; null: connect directly. */
  proxyAgent: Agent | null;
}

/** Variables that say where a cluster is. */
export interface ClusterEnvironment {
  KUBERNETES_SERVICE_HOST?: string | undefined;
  KUBERNETES_SERVICE_PORT?: string | undefined;
  KUBECONFIG?: string | undefined;
  HOME?: string | undefined;
}

type ConfigSource = { inCluster: true } | { inCluster: false; files: string[] };

/** Whether a cluster is configured at all. Looks only whether files are there. */
export function hasClusterConfig(env: ClusterEnvironment, serviceAccount = SERVICE_ACCOUNT): boolean {
  return findConfig(env, serviceAccount) !== null;
}

/** @throws ClusterError with status null that says what was looked for, or what is wrong with what was found */
export async function loadClusterAccess(
  env: ClusterEnvironment = process.env,
  serviceAccount = SERVICE_ACCOUNT,
): Promise<ApiAccess> {
  const source = findConfig(env, serviceAccount);
  if (source === null) throw nothingFound(env, serviceAccount);
  const library = await import('@kubernetes/client-node');
  const config = new library.KubeConfig();
  if (source.inCluster) useServiceAccount(config, env, serviceAccount);
  else readFiles(source.files, () => new library.KubeConfig(), config);
  return accessThrough(config, source.inCluster ? `the pod's service account` : source.files.join(', '));
}

function findConfig(env: ClusterEnvironment, serviceAccount: string): ConfigSource | null {
  if (env.KUBERNETES_SERVICE_HOST && existsSync(join(serviceAccount, 'token'))) return { inCluster: true };
  const files = kubeconfigFiles(env).filter((file) => existsSync(file));
  return files.length === 0 ? null : { inCluster: false, files };
}

function kubeconfigFiles({ KUBECONFIG, HOME }: ClusterEnvironment): string[] {
  if (KUBECONFIG) return KUBECONFIG.split(delimiter).filter((file) => file !== '');
  return HOME ? [join(HOME, '.kube', 'config')] : [];
}

function nothingFound(env: ClusterEnvironment, serviceAccount: string): ClusterError {
  const inPod = env.KUBERNETES_SERVICE_HOST
    ? `the service account's token ${join(serviceAccount, 'token')} is not there`
    : 'KUBERNETES_SERVICE_HOST is not set';
  const looked = kubeconfigFiles(env).map((file) => `there is no file ${file}`);
  const outside = looked.length === 0 ? ['neither KUBECONFIG nor HOME is set'] : looked;
  return new ClusterError(
    null,
    '',
    `no Kubernetes cluster is configured: ${[inPod, ...outside].join(', and ')}`,
  );
}

/** The library's own reader takes the paths and the variables from nowhere but the process. */
function useServiceAccount(config: KubeConfig, env: ClusterEnvironment, folder: string): void {
  const host = env.KUBERNETES_SERVICE_HOST ?? '';
  const port = env.KUBERNETES_SERVICE_PORT || '443';
  const name = 'in-cluster';
  const namespace = textOf(join(folder, 'namespace'));
  config.loadFromOptions({
    clusters: [
      {
        name,
        server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
        caFile: join(folder, 'ca.crt'),
        skipTLSVerify: false,
      },
    ],
    users: [{ name, authProvider: { name: 'tokenFile', config: { tokenFile: join(folder, 'token') } } }],
    contexts: [{ name, cluster: name, user: name, ...(namespace !== '' && { namespace }) }],
    currentContext: name,
  });
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return '';
  }
}

/** As kubectl does it: of what several files name alike, the first one counts. */
function readFiles(files: string[], empty: () => KubeConfig, into: KubeConfig): void {
  for (const file of files) {
    const each = empty();
    try {
      each.loadFromFile(file);
    } catch (error) {
      throw new ClusterError(null, '', `the kubeconfig ${file} cannot be read: ${reasonOf(error)}`, {
        cause: error,
      });
    }
    const isNew = (of: { name: string }[]) => (one: { name: string }) =>
      of.every(({ name }) => name !== one.name);
    into.loadFromOptions({
      clusters: [...into.clusters, ...each.clusters.filter(isNew(into.clusters))],
      users: [...into.users, ...each.users.filter(isNew(into.users))],
      contexts: [...into.contexts, ...each.contexts.filter(isNew(into.contexts))],
      currentContext: into.currentContext || each.currentContext,
    });
  }
}

function accessThrough(config: KubeConfig, origin: string): ApiAccess {
  const cluster = config.getCurrentCluster();
  if (cluster === null || !URL.canParse(cluster.server)) {
    const context = config.currentContext || 'none';
    const message = `${origin} names no cluster to use (current-context: ${context}): set one with kubectl config use-context`;
    throw new ClusterError(null, '', message);
  }
  const server = cluster.server.replace(/\/+$/, '');
  const namespace = config.getContextObject(config.currentContext)?.namespace || 'default';
  const isProxied = cluster.proxyUrl !== undefined && cluster.proxyUrl !== '';
  let asking: Promise<Credentials> | null = null;
  return {
    server,
    namespace,
    // Requests that come together share one answer: an exec plugin is a process.
    credentials: () => {
      asking ??= askFor(config, server, isProxied).finally(() => {
        asking = null;
      });
      return asking;
    },
  };
}

/** The library reads files and runs plugins anew when what it has is out of date. */
async function askFor(config: KubeConfig, server: string, isProxied: boolean): Promise<Credentials> {
  const options: RequestOptions = {};
  try {
    await config.applyToHTTPSOptions(options);
  } catch (error) {
    const message = `the gateway has no credentials for the Kubernetes API server ${server}: ${reasonOf(error)}`;
    throw new ClusterError(null, '', message, { cause: error });
  }
  const proxyAgent = isProxied && typeof options.agent === 'object' ? options.agent : null;
  const tls = Object.fromEntries(
    TLS_OPTIONS.filter((name) => options[name] !== undefined).map((name) => [name, options[name]]),
  );
  return { headers: headersOf(options), tls, proxyAgent };
}

function headersOf({ headers, auth }: RequestOptions): Record<string, string> {
  const basic = auth ? { Authorization: `Basic ${Buffer.from(auth).toString('base64')}` } : {};
  // A token file's newline at its end is none of the token.
  const given = Object.entries(headers ?? {}).map(([name, value]) => [name, String(value).trim()]);
  return { ...basic, ...Object.fromEntries(given) };
}

function reasonOf(error: unknown): string {
  return oneLine((error instanceof Error ? error.message : String(error)).trim());
}
