/** What is agreed between the parts of a watch. */
import type { ClusterError, KubernetesObject } from './cluster.ts';
import type { ResourceList } from './resource-list.ts';

/** Something is wrong with a watch, or (`error` null) right again. */
export interface WatchProblem {
  /** What is watched, for a person: `Pod in namespace a (app=b)`. */
  watch: string;
  error: ClusterError | null;
}

/** All in milliseconds unless said otherwise. */
export interface WatchTiming {
  /** Without data for so long, a watch is to be proven alive. */
  silence: number;
  /** What a probe has been told and the watch has not yet, may still be on its way. */
  grace: number;
  /** For an answer to begin, at first; doubled, up to `longestPatience`, with each that does not. */
  patience: number;
  longestPatience: number;
  /** Between attempts: doubled with each that fails, up to `longestDelay`. */
  firstDelay: number;
  longestDelay: number;
  /** The longest delay while the gateway lacks the permission, or the cluster lacks the kind. */
  longestDelayForbidden: number;
  /** Seconds until the API server ends a watch by itself, up to a third of it more. */
  lifetime: number;
}

/** With these, what happens is told within 2 s whatever became of the connection. */
export const DEFAULT_TIMING: WatchTiming = {
  silence: 400,
  grace: 150,
  patience: 800,
  longestPatience: 10_000,
  firstDelay: 50,
  longestDelay: 1000,
  longestDelayForbidden: 30_000,
  lifetime: 240,
};

export interface WatchFollower {
  /** The API server has accepted the watch. */
  opened(): void;
  /** Something has come, be it a part of an event only. */
  heard(): void;
  changed(type: 'ADDED' | 'MODIFIED' | 'DELETED', object: KubernetesObject): void;
  /** All up to this resource version has been told. */
  bookmark(resourceVersion: string): void;
}

export interface FollowOptions {
  resourceVersion: string;
  /** After which the API server is to end the watch. */
  seconds: number;
  /** Milliseconds until it must have begun. */
  patience: number;
  signal: AbortSignal;
}

/** What can be listed and watched: one kind, one selection. */
export interface WatchSource<Resource> {
  /** @throws ClusterError, or the signal's reason */
  list(patience: number, signal: AbortSignal): Promise<ResourceList<Resource>>;
  /** Resolves when the API server ends the watch. @throws ClusterError, or the signal's reason */
  follow(follower: WatchFollower, options: FollowOptions): Promise<void>;
  /** Lets go of connections that may be dead. */
  dropIdle(): void;
}
