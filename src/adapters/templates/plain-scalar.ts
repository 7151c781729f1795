/**
 * What YAML's core schema makes of a plain scalar: null, a boolean, a number,
 * or the text itself.
 */
export function readPlainScalar(text: string): string | number | boolean | null {
  if (/^(~|null|Null|NULL|)$/.test(text)) return null;
  if (/^(true|True|TRUE)$/.test(text)) return true;
  if (/^(false|False|FALSE)$/.test(text)) return false;
  if (/^0o[0-7]+$|^0x[\da-fA-F]+$/.test(text)) return exact(text);
  if (/^[-+]?\d+$/.test(text)) return exact(text);
  if (/^[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?$/.test(text)) return finite(text);
  return text;
}

/** Digits that a number can't hold stay as they are. */
function exact(text: string): string | number {
  return Number.isSafeInteger(Number(text)) ? Number(text) : text;
}

function finite(text: string): string | number {
  return Number.isFinite(Number(text)) ? Number(text) : text;
}
