/** How many answers have come, by what became of them. */
import type { CutReason } from './answer-server.ts';
import type { RefusalReason } from './launch-payload.ts';

export type ResponseOutcome = 'accepted' | RefusalReason | CutReason;

export type ResponseCounts = Record<ResponseOutcome, number>;

export function noResponses(): ResponseCounts {
  return {
    accepted: 0,
    garbage: 0,
    unknownKernel: 0,
    wrongToken: 0,
    replay: 0,
    unusable: 0,
    oversize: 0,
    slow: 0,
    crowded: 0,
  };
}

/** The first, the tenth, the hundredth …: enough to know of them, too few to drown a log in. */
export function isWorthALine(count: number): boolean {
  return /^10*$/.test(String(count));
}
