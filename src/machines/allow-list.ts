/** The operator's lists of what clients may ask for. */

/** Whether one of the patterns fits; there may be any. In a pattern, `*` stands for any text, an empty one included. */
export function isAllowedBy(patterns: readonly string[], value: string): boolean {
  return patterns.length === 0 || patterns.some((pattern) => fits(pattern, value));
}

/** By search and not by regular expression: the value is a client's, and must not cost more than its length. */
function fits(pattern: string, value: string): boolean {
  const [start = '', ...pieces] = pattern.split('*');
  const end = pieces.pop();
  if (end === undefined) return value === start;
  if (!value.startsWith(start)) return false;
  let at = start.length;
  for (const piece of pieces) {
    const found = value.indexOf(piece, at);
    if (found < 0) return false;
    at = found + piece.length;
  }
  return value.length - end.length >= at && value.endsWith(end);
}

/** The one type of volume that hands the node's own files to a pod. */
const UNSAFE_VOLUME_TYPE = 'hostPath';

/** @param allowed names of volume sources; empty: every type but `hostPath` */
export function isVolumeTypeAllowed(allowed: readonly string[], type: string): boolean {
  return allowed.length === 0 ? type !== UNSAFE_VOLUME_TYPE : isAllowedBy(allowed, type);
}
