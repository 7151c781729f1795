/**
 * Texts of the kubelet, of container runtimes and of containers, made fit for
 * a sentence. Whoever runs in a container decides about some of them: however
 * long they are and whatever they hold, each becomes one short printable line,
 * in time that grows with their length only.
 */

/** Characters after which a text of the cluster's is cut. */
const LONGEST_TEXT = 400;
/** Characters that are looked at at all. */
const LONGEST_INPUT = 20_000;

const LAYERS = [
  /rpc error: code = \w+ desc = /g,
  /failed to create containerd task: |failed to create shim task: |failed to start container "[^"]*": /g,
  /OCI runtime create failed: |runc create failed: |runc run failed: /g,
  /unable to start container process: |error during container init: /g,
  /failed to pull and unpack image "[^"]*": |failed to resolve reference "[^"]*": |failed to do request: /g,
];

const ESCAPE = '\u001b';
/** Colours and cursor movements (ECMA-48 CSI), links and window titles (OSC). Node's own way takes quadratic time. */
const ESCAPE_SEQUENCES = new RegExp(
  `${ESCAPE}\\[[0-?]*[ -/]*[@-~]|${ESCAPE}\\][^\u0007${ESCAPE}]*(?:\u0007|${ESCAPE}\\\\)`,
  'g',
);

/** What is left when each layer's own words are taken away, in one line, without a full stop. */
export function runtimeText(text: string): string {
  const bare = LAYERS.reduce((rest, layer) => rest.replace(layer, ''), text.slice(0, LONGEST_INPUT))
    .replace(/: unknown$/, '')
    .replace(/ \(pod: "[^"]*", container: [^)]*\)$/, '');
  return clusterText(bare);
}

/** Any text of the cluster's, in one line that ends without a full stop, so that it fits into a sentence. */
export function clusterText(text: string, longest = LONGEST_TEXT): string {
  const line = linesOf(text.slice(0, LONGEST_INPUT)).join(' | ');
  if (line.length <= longest) return line.replace(/[.\s]{1,20}$/, '');
  const cut = line.slice(0, longest);
  return `${cut.slice(0, Math.max(cut.lastIndexOf(' '), longest - 40)).toWellFormed()} …`;
}

/** The lines that are not empty, without control characters and what moves a terminal's cursor or changes its colours. */
export function linesOf(text: string): string[] {
  return text
    .replace(ESCAPE_SEQUENCES, '')
    .split(/[\r\n\u2028\u2029]/)
    .map((line) => line.replace(/[\p{Cc}\p{Cf}]/gu, ' ').trim())
    .filter((line) => line !== '');
}
