/**
 * Finds the members of a JSON object as ranges of bytes, without making values
 * of them, and checks the grammar on the way. Accepts what Python's `json`
 * writes beyond RFC 8259 (NaN, Infinity, -Infinity).
 */
import { MalformedMessageError } from './kernel-message.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const COMMA = 0x2c;
const COLON = 0x3a;

/** As deep as Python's parser goes. */
const MAX_DEPTH = 1000;
/** A message has eight. */
const MAX_MEMBERS = 1000;
const LITERAL = /^(?:true|false|null|NaN|-?Infinity|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)$/;
const MAX_LITERAL_LENGTH = 65_536;

/**
 * The top-level members of a JSON object: each value as a view on `json`, by
 * its key. Of a repeated key the last value counts.
 *
 * @throws MalformedMessageError with the offset, when `json` is no JSON object
 */
export function sliceObject(json: Buffer): Map<string, Buffer> {
  const members = new Map<string, Buffer>();
  let at = skipSpace(json, 0);
  if (json[at] !== OPEN_BRACE) throw malformed('expected an object', at);
  at = skipMembers(json, at, 1, (key, start, end) => {
    members.set(key, json.subarray(start, end));
    if (members.size > MAX_MEMBERS) throw malformed(`more than ${MAX_MEMBERS} members`, start);
  });
  at = skipSpace(json, at);
  if (at !== json.length) throw malformed('unexpected text after the object', at);
  return members;
}

type MemberVisitor = (key: string, start: number, end: number) => void;

/** From an opening brace to behind its closing one. */
function skipMembers(json: Buffer, open: number, depth: number, visit?: MemberVisitor): number {
  let at = skipSpace(json, open + 1);
  if (json[at] === CLOSE_BRACE) return at + 1;
  for (;;) {
    if (json[at] !== QUOTE) throw malformed('expected a key', at);
    const keyEnd = skipString(json, at);
    const colon = skipSpace(json, keyEnd);
    if (json[colon] !== COLON) throw malformed('expected a colon', colon);
    const start = skipSpace(json, colon + 1);
    const end = skipValue(json, start, depth);
    if (visit) visit(keyText(json, at, keyEnd), start, end);
    at = skipSpace(json, end);
    if (json[at] === CLOSE_BRACE) return at + 1;
    if (json[at] !== COMMA) throw malformed('expected a comma or a closing brace', at);
    at = skipSpace(json, at + 1);
  }
}

function skipElements(json: Buffer, open: number, depth: number): number {
  let at = skipSpace(json, open + 1);
  if (json[at] === CLOSE_BRACKET) return at + 1;
  for (;;) {
    at = skipSpace(json, skipValue(json, at, depth));
    if (json[at] === CLOSE_BRACKET) return at + 1;
    if (json[at] !== COMMA) throw malformed('expected a comma or a closing bracket', at);
    at = skipSpace(json, at + 1);
  }
}

function skipValue(json: Buffer, at: number, depth: number): number {
  if (depth > MAX_DEPTH) throw malformed(`nested more than ${MAX_DEPTH} levels deep`, at);
  const first = json[at];
  if (first === QUOTE) return skipString(json, at);
  if (first === OPEN_BRACE) return skipMembers(json, at, depth + 1);
  if (first === OPEN_BRACKET) return skipElements(json, at, depth + 1);
  return skipLiteral(json, at);
}

function skipString(json: Buffer, open: number): number {
  let from = open + 1;
  for (;;) {
    const quote = json.indexOf(QUOTE, from);
    if (quote < 0) throw malformed('a string does not end', open);
    let backslashes = 0;
    while (json[quote - 1 - backslashes] === BACKSLASH) backslashes += 1;
    if (backslashes % 2 === 0) return quote + 1;
    from = quote + 1;
  }
}

function skipLiteral(json: Buffer, start: number): number {
  let end = start;
  while (end < json.length && isLiteralByte(json[end] as number)) end += 1;
  if (end - start > MAX_LITERAL_LENGTH || !LITERAL.test(json.toString('latin1', start, end))) {
    throw malformed('expected a value', start);
  }
  return end;
}

/** Letters, digits, `+`, `-` and `.`: all that a number or a word can hold. */
function isLiteralByte(byte: number): boolean {
  return (
    (byte >= 0x30 && byte <= 0x39) ||
    (byte >= 0x61 && byte <= 0x7a) ||
    (byte >= 0x41 && byte <= 0x5a) ||
    byte === 0x2b ||
    byte === 0x2d ||
    byte === 0x2e
  );
}

function skipSpace(json: Buffer, from: number): number {
  let at = from;
  while (json[at] === 0x20 || json[at] === 0x0a || json[at] === 0x0d || json[at] === 0x09) at += 1;
  return at;
}

function keyText(json: Buffer, start: number, end: number): string {
  try {
    return JSON.parse(json.toString('utf8', start, end)) as string;
  } catch (cause) {
    throw new MalformedMessageError(`not valid JSON: a key has a wrong escape at offset ${start}`, { cause });
  }
}

function malformed(what: string, offset: number): MalformedMessageError {
  return new MalformedMessageError(`not valid JSON: ${what} at offset ${offset}`);
}
