/** Texts of the kubelet and of container runtimes, without what says nothing to the reader of a notebook. */
import { stripVTControlCharacters } from 'node:util';

/** Characters after which a text of the cluster's is cut. */
const LONGEST_TEXT = 400;

const LAYERS = [
  /rpc error: code = \w+ desc = /g,
  /failed to create containerd task: |failed to create shim task: |failed to start container "[^"]*": /g,
  /OCI runtime create failed: |runc create failed: |runc run failed: /g,
  /unable to start container process: |error during container init: /g,
  /failed to pull and unpack image "[^"]*": |failed to resolve reference "[^"]*": |failed to do request: /g,
];

/** What is left when each layer's own words are taken away, in one line, without a full stop. */
export function runtimeText(text: string): string {
  const bare = LAYERS.reduce((rest, layer) => rest.replace(layer, ''), text)
    .replace(/: unknown$/, '')
    .replace(/ \(pod: "[^"]*", container: [^)]*\)$/, '');
  return clusterText(bare);
}

/** Any text of the cluster's, in one line that ends without a full stop, so that it fits into a sentence. */
export function clusterText(text: string, longest = LONGEST_TEXT): string {
  const line = printableLine(text).replace(/[.\s]+$/, '');
  if (line.length <= longest) return line;
  const cut = line.slice(0, longest).toWellFormed();
  return `${cut.slice(0, Math.max(cut.lastIndexOf(' '), longest - 40)).replace(/[,;:\s]+$/, '')} …`;
}

/** What containers write may hold anything: colours and control characters are taken out, line breaks become bars. */
export function printableLine(text: string): string {
  return linesOf(text).join(' | ');
}

/** The lines that are not empty, without what moves a terminal's cursor or changes its colours. */
export function linesOf(text: string): string[] {
  return stripVTControlCharacters(text)
    .split(/[\r\n\u2028\u2029]+/)
    .map((line) => line.replace(/[\p{Cc}\p{Cf}]+/gu, ' ').trim())
    .filter((line) => line !== '');
}
