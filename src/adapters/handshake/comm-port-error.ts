/** Why a launcher did not do what it was asked. */

/**
 * - `COMM_PORT_MISSING`: the launcher takes no requests at all.
 * - `COMM_PORT_CLOSED`: it is not running: the kernel has ended, or is about to.
 * - `COMM_PORT_TIMEOUT`: whether it has done what it was asked is unknown.
 * - `COMM_PORT_REFUSED`: it said why.
 * - `COMM_PORT_BROKEN`: the connection failed, or it speaks something else.
 */
export type CommPortErrorCode =
  | 'COMM_PORT_MISSING'
  | 'COMM_PORT_CLOSED'
  | 'COMM_PORT_TIMEOUT'
  | 'COMM_PORT_REFUSED'
  | 'COMM_PORT_BROKEN';

const HINTS: Record<CommPortErrorCode, string> = {
  COMM_PORT_MISSING:
    'Set "interrupt_mode": "message" in its kernel.json, or use an image whose launcher has a comm port.',
  COMM_PORT_CLOSED: 'Restart the kernel.',
  COMM_PORT_TIMEOUT:
    'Try again, or restart the kernel; see whether a network policy keeps the gateway from its pod.',
  COMM_PORT_REFUSED: "Look into the log of the kernel's pod.",
  COMM_PORT_BROKEN: "Try again, or restart the kernel; look into the log of the kernel's pod.",
};

export class CommPortError extends Error {
  readonly code: CommPortErrorCode;
  /** One line: what to do about it. */
  readonly hint: string;
  /** `ip:port`, or only the IP of a launcher without one. */
  readonly address: string;

  /** @param what goes on after "the launcher in the kernel's pod" */
  constructor(code: CommPortErrorCode, address: string, what: string, options?: ErrorOptions) {
    super(`the launcher in the kernel's pod (${address}) ${what}`, options);
    this.name = 'CommPortError';
    this.code = code;
    this.address = address;
    this.hint = HINTS[code];
  }
}
