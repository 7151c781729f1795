/** Checks what a launcher says of its kernel's sockets. What is not known is dropped. */
import { isIP } from 'node:net';
import type { ConnectionInfo } from '../../machines/ports.ts';
import { MessageSigner } from '../channels/zmq-codec.ts';
import {
  type JsonObject,
  type LaunchAnswer,
  LaunchPayloadError,
  type PayloadVersion,
} from './launch-payload.ts';

const ANY_ADDRESS = '0.0.0.0';
/** Jupyter's defaults for members that a launcher leaves out. */
const TRANSPORT = 'tcp';
const SIGNATURE_SCHEME = 'hmac-sha256';
/** Characters. */
const LONGEST_TEXT = 256;

/**
 * @param members as decrypted, in Jupyter's wire names
 * @param kernelId whose answer it is; another `kernel_id` among the members is refused
 * @throws LaunchPayloadError `unusable`, naming the member and what is allowed
 */
export function readConnectionInfo(
  members: JsonObject,
  kernelId: string,
  version: PayloadVersion,
): LaunchAnswer {
  try {
    if ((members['kernel_id'] ?? kernelId) !== kernelId) throw unusable('kernel_id', 'the one of the launch');
    const connection = connectionOf(members, version);
    return { kernelId, version, connection, claimedIp: connection.ip };
  } catch (error) {
    if (!(error instanceof UnusableMember)) throw error;
    throw new LaunchPayloadError('unusable', error.message, kernelId);
  }
}

function connectionOf(members: JsonObject, version: PayloadVersion): ConnectionInfo {
  if ((members['transport'] ?? TRANSPORT) !== TRANSPORT) throw unusable('transport', TRANSPORT);
  const connection: ConnectionInfo = {
    transport: TRANSPORT,
    ip: ipOf(members, version),
    ...portsOf(members, version),
    key: keyOf(members, version),
    signature_scheme: signatureSchemeOf(members),
  };
  const name = members['kernel_name'];
  if (typeof name === 'string' && name.length <= LONGEST_TEXT) connection.kernel_name = name;
  return connection;
}

type Ports = Pick<
  ConnectionInfo,
  'shell_port' | 'iopub_port' | 'stdin_port' | 'control_port' | 'hb_port' | 'comm_port' | 'comm_version'
>;

function portsOf(members: JsonObject, version: PayloadVersion): Ports {
  const ports: Ports = {
    shell_port: portOf(members, 'shell_port'),
    iopub_port: portOf(members, 'iopub_port'),
    stdin_port: portOf(members, 'stdin_port'),
    control_port: portOf(members, 'control_port'),
    hb_port: portOf(members, 'hb_port'),
  };
  if ((members['comm_port'] ?? null) !== null) {
    ports.comm_port = portOf(members, 'comm_port');
    ports.comm_version = commVersionOf(members, version);
  }
  const { comm_version: _, ...used } = ports;
  const different = new Set(Object.values(used));
  if (different.size < Object.keys(used).length) throw unusable('*_port', 'a different one each');
  return ports;
}

function portOf(members: JsonObject, name: string): number {
  const port = members[name];
  if (typeof port === 'number' && Number.isInteger(port) && port >= 1 && port <= 65_535) return port;
  throw unusable(name, 'an integer from 1 to 65535');
}

/** Old launchers don't know of versions here: theirs is the first. */
function commVersionOf(members: JsonObject, version: PayloadVersion): 1 | 2 {
  if (version !== 2) return 1;
  const { comm_version: commVersion = 2 } = members;
  if (commVersion === 1 || commVersion === 2) return commVersion;
  throw unusable('comm_version', '1 or 2');
}

/** Launchers before version 2 may say anything here: the gateway reaches their kernels under the pod's address. */
function ipOf({ ip }: JsonObject, version: PayloadVersion): string {
  if (typeof ip === 'string' && isIP(ip) !== 0) return ip;
  if (version !== 2) return ANY_ADDRESS;
  throw unusable('ip', 'an IP address');
}

/** An empty key, which Jupyter allows, means that nothing is signed: not for launchers whose comm port relies on it. */
function keyOf({ key }: JsonObject, version: PayloadVersion): string {
  if (typeof key !== 'string' || key.length > LONGEST_TEXT) {
    throw unusable('key', `a string of at most ${LONGEST_TEXT} characters`);
  }
  if (key === '' && version === 2) throw unusable('key', 'a string that is not empty');
  return key;
}

function signatureSchemeOf({ signature_scheme: scheme = SIGNATURE_SCHEME }: JsonObject): string {
  if (typeof scheme === 'string' && scheme.length <= LONGEST_TEXT && isKnown(scheme)) return scheme;
  throw unusable(
    'signature_scheme',
    `${SIGNATURE_SCHEME}, or hmac- and another digest that the gateway knows`,
  );
}

function isKnown(scheme: string): boolean {
  try {
    new MessageSigner('', scheme);
    return true;
  } catch {
    return false;
  }
}

class UnusableMember extends Error {}

function unusable(member: string, allowed: string): UnusableMember {
  return new UnusableMember(`${member}: must be ${allowed}`);
}
