/** The names of container images, as registries define them: `host:port/path:tag@digest`, of which only the path is needed. */

const LONGEST_NAME = 255;
const HOST = /^([a-zA-Z0-9.-]+|\[[0-9a-fA-F:.]+\])(:\d{1,5})?$/;
const HOST_LABEL = /^[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?$/;
const PATH_SEGMENT = /^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*$/;
const TAG = /^\w[\w.-]{0,127}$/;
const DIGEST = /^[A-Za-z][A-Za-z0-9]*([-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,128}$/;

export function isImageReference(text: string): boolean {
  const [tagged = '', digest, ...more] = text.split('@');
  if (more.length > 0 || (digest !== undefined && !DIGEST.test(digest))) return false;
  const colon = tagged.indexOf(':', tagged.lastIndexOf('/') + 1);
  if (colon >= 0 && !TAG.test(tagged.slice(colon + 1))) return false;
  return isImageName(colon < 0 ? tagged : tagged.slice(0, colon));
}

function isImageName(name: string): boolean {
  if (name.length > LONGEST_NAME) return false;
  const [first = '', ...others] = name.split('/');
  const hasHost = others.length > 0 && isHost(first);
  return (hasHost ? others : [first, ...others]).every((segment) => PATH_SEGMENT.test(segment));
}

function isHost(text: string): boolean {
  const host = HOST.exec(text)?.[1];
  if (host === undefined) return false;
  return host.startsWith('[') || host.split('.').every((label) => HOST_LABEL.test(label));
}
