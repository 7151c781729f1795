/**
 * The frame that carries a message to a client: RFC 6455 section 5.2. A server
 * does not mask, so that the same bytes serve all of a kernel's clients.
 */

/** A frame in pieces that are to be written end to end. */
export interface Frame {
  pieces: Buffer[];
  size: number;
}

const FINAL_TEXT = 0x81;
const FINAL_BINARY = 0x82;
/** Up to here a byte holds the length itself; then a word of 16 or of 64 bits does. */
const SHORT = 125;
const LENGTH_16 = 126;
const LENGTH_64 = 127;

/** Pieces of this many bytes are written from where they are: copying them costs more than another piece. */
const LARGE = 16_384;

/** Lays the pieces of a payload into one frame: the small ones are copied together, the large ones are not copied. */
export function layOutFrame(payload: Buffer[], binary: boolean): Frame {
  let length = 0;
  let copied = 0;
  for (const piece of payload) {
    length += piece.length;
    if (piece.length < LARGE) copied += piece.length;
  }
  const start = length <= SHORT ? 2 : length <= 0xffff ? 4 : 10;
  const room = Buffer.allocUnsafe(start + copied);
  writeStart(room, binary, length);
  const size = start + length;
  if (copied === length) {
    let at = start;
    for (const piece of payload) at += piece.copy(room, at);
    return { pieces: [room], size };
  }
  return { pieces: gather(room, start, payload), size };
}

function writeStart(room: Buffer, binary: boolean, length: number): void {
  room[0] = binary ? FINAL_BINARY : FINAL_TEXT;
  if (length <= SHORT) {
    room[1] = length;
  } else if (length <= 0xffff) {
    room[1] = LENGTH_16;
    room.writeUInt16BE(length, 2);
  } else {
    room[1] = LENGTH_64;
    room.writeUInt32BE(Math.floor(length / 2 ** 32), 2);
    room.writeUInt32BE(length % 2 ** 32, 6);
  }
}

/** Copies the small pieces into `room`, and puts the large ones between its parts. */
function gather(room: Buffer, start: number, payload: Buffer[]): Buffer[] {
  const pieces: Buffer[] = [];
  let from = 0;
  let at = start;
  for (const piece of payload) {
    if (piece.length < LARGE) {
      at += piece.copy(room, at);
      continue;
    }
    if (at > from) pieces.push(room.subarray(from, at));
    pieces.push(piece);
    from = at;
  }
  if (at > from) pieces.push(room.subarray(from, at));
  return pieces;
}
