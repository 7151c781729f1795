/** Which ports to try for listening, as Jupyter servers do with `port_retries`. */

/** The wanted port and those behind it that are tried in order; further ones are chosen at random around it. */
const SEQUENTIAL = 5;
const HIGHEST = 65_535;

/** The wanted port, then `retries` others. */
export function* candidatePorts(
  port: number,
  retries: number,
  random: () => number = Math.random,
): Generator<number> {
  for (let each = 0; each < Math.min(SEQUENTIAL, retries + 1); each += 1) {
    yield Math.min(HIGHEST, port + each);
  }
  for (let each = SEQUENTIAL; each <= retries; each += 1) {
    yield Math.max(1, Math.min(HIGHEST, port + Math.floor((random() * 2 - 1) * 2 * retries)));
  }
}
