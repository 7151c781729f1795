/** How far a client has come in a stream: `run-number`, where `run` is that of the gateway's process. */

/** Null for a client that has seen nothing yet; `unknown` for one that comes from an earlier gateway. */
export type Position = number | 'unknown' | null;

export function positionText(run: string, number: number): string {
  return `${run}-${number}`;
}

/** @param lastEventId the header `Last-Event-ID` */
export function positionOf(run: string, lastEventId: string | string[] | undefined): Position {
  if (lastEventId === undefined || lastEventId === '') return null;
  const [, given, number] = /^([0-9a-f]{8})-(\d{1,15})$/.exec(String(lastEventId)) ?? [];
  return given === run ? Number(number) : 'unknown';
}
