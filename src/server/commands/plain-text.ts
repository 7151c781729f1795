/** Values in words for a terminal. */

/** In one line: names and messages come from anyone, and could steer a terminal. */
export function plain(text: unknown): string {
  return String(text ?? '').replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ');
}

/** `4.2 s`, `3 min`, `5 h`, `2 d`. */
export function duration(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

/** `2026-11-22 10:00:00.123Z` */
export function moment(iso: string): string {
  return plain(iso).replace('T', ' ');
}

/** Columns as wide as what is in them, the first row being their titles. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => width(row[column] ?? ''))));
  return rows.map((row) =>
    row
      .map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - width(cell)))
      .join('  ')
      .trimEnd(),
  );
}

function width(text: string): number {
  return [...text].length;
}
