/** The lines of the comm port's second version: a challenge, a signed request, a confirmation. */
import { createHmac } from 'node:crypto';
import { oneLine } from '../../machines/failure.ts';

const PURPOSE = Buffer.from('kernelgate comm 2\0');
const CHALLENGE_LENGTH = 32;
/** Characters of a launcher's explanation that are passed on. */
const LONGEST_REASON = 300;

export type Confirmation = { ok: true } | { ok: false; error: string };

/** The challenge's 32 bytes; null when the line is anything else. */
export function readChallenge(line: Buffer): Buffer | null {
  const message = parsed(line);
  const challenge = message?.['challenge'];
  if (message?.['version'] !== 2 || typeof challenge !== 'string') return null;
  const bytes = Buffer.from(challenge, 'base64');
  return bytes.length === CHALLENGE_LENGTH ? bytes : null;
}

/**
 * The challenge makes each signature good for one connection only.
 *
 * @param request JSON text, signed as it stands
 * @param key of the kernel's connection
 * @returns a line, without its end
 */
export function signedRequest(request: string, challenge: Buffer, key: string): string {
  const mac = createHmac('sha256', key).update(PURPOSE).update(challenge).update(request).digest('hex');
  return JSON.stringify({ request, mac });
}

/** Null when the line is no confirmation. */
export function readConfirmation(line: Buffer): Confirmation | null {
  const message = parsed(line);
  if (message?.['ok'] === true) return { ok: true };
  if (message?.['ok'] !== false) return null;
  const { error } = message;
  return {
    ok: false,
    error: typeof error === 'string' ? oneLine(error).slice(0, LONGEST_REASON) : 'no reason given',
  };
}

function parsed(line: Buffer): Record<string, unknown> | null {
  try {
    return JSON.parse(line.toString()) as Record<string, unknown> | null;
  } catch {
    return null;
  }
}
