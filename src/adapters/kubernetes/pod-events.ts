/** What the cluster has told about one pod in events, which it keeps for an hour, and may lose. */
import type { CoreV1Event, V1Pod } from '@kubernetes/client-node';

/** The events of this very pod, not of an earlier one of its name, oldest first. */
export function eventsOfPod({ metadata }: V1Pod, events: readonly CoreV1Event[]): CoreV1Event[] {
  return events
    .filter(({ involvedObject: { uid } }) => uid === undefined || uid === metadata?.uid)
    .map((event) => ({ event, at: happenedAt(event) }))
    .sort((left, right) => left.at - right.at)
    .map(({ event }) => event);
}

/** The newest of these; those of the same second are in the order in which they were told. */
export function latestEvent(
  events: readonly CoreV1Event[],
  reasons: readonly string[],
  container?: string,
): CoreV1Event | undefined {
  return events.findLast(
    (event) =>
      reasons.includes(event.reason ?? '') && (container === undefined || containerOf(event) === container),
  );
}

/** The container that an event is about, as in `spec.containers{kernel}`; null when it is about the whole pod. */
export function containerOf({ involvedObject }: CoreV1Event): string | null {
  return /\{(.+)\}$/.exec(involvedObject.fieldPath ?? '')?.[1] ?? null;
}

/** An event that is told again moves on in time. Which field says so depends on who has told it. */
function happenedAt({ series, lastTimestamp, eventTime, metadata }: CoreV1Event): number {
  const times = [series?.lastObservedTime, lastTimestamp, eventTime, metadata.creationTimestamp];
  return Math.max(0, ...times.map(millisecondsOf));
}

/** The types say `Date`; what comes from a watch is JSON. */
function millisecondsOf(time: Date | undefined): number {
  const milliseconds = time === undefined || time === null ? 0 : new Date(time).getTime();
  return Number.isNaN(milliseconds) ? 0 : milliseconds;
}
