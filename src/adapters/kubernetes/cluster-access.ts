/** A cluster that is connected to, and the gateway's own end. */
import type { ResponseListener } from '../handshake/response-listener.ts';
import type { Cluster } from './cluster.ts';
import type { KernelPods } from './kernel-pods.ts';

export interface ClusterAccess {
  cluster: Cluster;
  pods: KernelPods;
  listener: ResponseListener;
  /** Labels of everything that this gateway makes. */
  labels: Record<string, string>;
  /** Lets go of everything above. */
  close(): Promise<void>;
}
