/** Decides which answers are accepted. Knows no sockets. */
import type { LaunchKeys } from './launch-keys.ts';
import { type LaunchAnswer, LaunchPayloadError, readLaunchPayload } from './launch-payload.ts';
import { openVersion0 } from './launch-payload-v0.ts';
import { openVersion1 } from './launch-payload-v1.ts';
import { openVersion2, readVersion2 } from './launch-payload-v2.ts';
import type { LaunchResponse, LaunchTickets, OpenTicket } from './launch-tickets.ts';

/**
 * Gives the answer to the launch that it belongs to. One answer is accepted for
 * each launch; what is refused leaves the launch waiting as it was.
 *
 * @param bytes all that the sender has sent
 * @throws LaunchPayloadError when it is refused; nothing else, whatever the bytes are
 */
export function acceptAnswer(
  bytes: Buffer,
  senderIp: string,
  tickets: LaunchTickets,
  keys: LaunchKeys,
): LaunchResponse {
  try {
    return accept(openedAnswer(bytes, tickets, keys), senderIp, tickets);
  } catch (error) {
    if (error instanceof LaunchPayloadError) note(error, tickets);
    throw error;
  }
}

function openedAnswer(bytes: Buffer, tickets: LaunchTickets, keys: LaunchKeys): LaunchAnswer {
  const payload = readLaunchPayload(bytes);
  switch (payload.version) {
    case 2: {
      const answer = readVersion2(payload.members);
      return openVersion2(answer, ticketOf(answer.kernelId, tickets).token, keys.agreement);
    }
    case 1:
      // Decryption is work: none is done while no one may answer so.
      if (!isAnyWaitingForOld(tickets)) throw new LaunchPayloadError('unknownKernel', NO_OLD_ONE);
      return openVersion1(payload.members, keys.unwrapping.privateKey);
    case 0:
      return openVersion0(payload.sealed, tickets.waitingForOld());
  }
}

function accept(answer: LaunchAnswer, senderIp: string, tickets: LaunchTickets): LaunchResponse {
  const { kernelId, version } = answer;
  const ticket = ticketOf(kernelId, tickets);
  if (version !== 2 && !ticket.allowsOldLaunchers) {
    throw new LaunchPayloadError('unknownKernel', NO_OLD_ONE, kernelId);
  }
  if (ticket.isAnswered) throw new LaunchPayloadError('replay', NO_SECOND_ONE, kernelId);
  const response = { ...answer, senderIp };
  ticket.accept(response);
  return response;
}

const NO_OLD_ONE = 'no answer of an old launcher (version 1 or 0) is waited for';
const NO_SECOND_ONE = 'this launch has its answer already, and takes no second one';

/** A launch that is not answered in time can tell what came instead. */
function note({ kernelId, message }: LaunchPayloadError, tickets: LaunchTickets): void {
  const ticket = kernelId === null ? undefined : tickets.of(kernelId);
  if (ticket !== undefined) ticket.lastRefusal = message;
}

function ticketOf(kernelId: string, tickets: LaunchTickets): OpenTicket {
  const ticket = tickets.of(kernelId);
  if (ticket !== undefined) return ticket;
  throw new LaunchPayloadError('unknownKernel', 'this gateway waits for no such kernel', kernelId);
}

function isAnyWaitingForOld(tickets: LaunchTickets): boolean {
  return !tickets.waitingForOld().next().done;
}
