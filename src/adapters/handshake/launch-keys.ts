/** The gateway's keys for launch answers. Made once, for the life of the process. */
import { generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';

/** An X25519 key. */
export interface AgreementKey {
  privateKey: KeyObject;
  /** 32 bytes. */
  rawPublicKey: Buffer;
}

/** An RSA key. */
export interface UnwrappingKey {
  privateKey: KeyObject;
  publicKey: KeyObject;
}

export interface LaunchKeys {
  /** For launchers of version 2. */
  agreement: AgreementKey;
  /** For launchers of version 1. */
  unwrapping: UnwrappingKey;
}

const RSA_BITS = 2048;

const generate = promisify(generateKeyPair);

/** Takes some 0.1 s of another thread. */
export async function makeLaunchKeys(): Promise<LaunchKeys> {
  const [unwrapping, { privateKey, publicKey }] = await Promise.all([
    generate('rsa', { modulusLength: RSA_BITS }),
    generate('x25519'),
  ]);
  return { unwrapping, agreement: { privateKey, rawPublicKey: rawPublicKeyOf(publicKey) } };
}

export function rawPublicKeyOf(key: KeyObject): Buffer {
  const { x = '' } = key.export({ format: 'jwk' });
  return Buffer.from(x, 'base64url');
}

/** `PUBLIC_KEY`, as Enterprise Gateway's launchers read it: base64 of the DER SubjectPublicKeyInfo. */
export function wirePublicKey({ unwrapping }: LaunchKeys): string {
  return unwrapping.publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
}

/** `KERNEL_GATEWAY_KEY`: base64 of the raw X25519 public key. */
export function wireGatewayKey({ agreement }: LaunchKeys): string {
  return agreement.rawPublicKey.toString('base64');
}
