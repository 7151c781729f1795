/** Launch answers as Python launchers sent them, once (see golden-payloads.py), and the keys that open them. */
import { createPrivateKey, createPublicKey } from 'node:crypto';
import type { LaunchKeys } from '../../../src/adapters/handshake/launch-keys.ts';
import golden from './golden-payloads.json' with { type: 'json' };

export { golden };

export const KERNEL_ID = golden.kernelId;
export const TOKEN = Buffer.from(golden.token, 'base64');

const rsa = createPrivateKey(golden.rsaPrivateKey);
const base64Url = (text: string) => Buffer.from(text, 'base64').toString('base64url');

/** Keys of a gateway; tests share them, because RSA keys take time. */
export const keys: LaunchKeys = {
  unwrapping: { privateKey: rsa, publicKey: createPublicKey(golden.rsaPrivateKey) },
  agreement: {
    privateKey: createPrivateKey({
      key: {
        kty: 'OKP',
        crv: 'X25519',
        d: base64Url(golden.x25519PrivateKey),
        x: base64Url(golden.x25519PublicKey),
      },
      format: 'jwk',
    }),
    rawPublicKey: Buffer.from(golden.x25519PublicKey, 'base64'),
  },
};

/** What comes of {@link golden}.connection, but for its address. */
export const ports = {
  shell_port: 50001,
  iopub_port: 50002,
  stdin_port: 50003,
  control_port: 50004,
  hb_port: 50005,
  comm_port: 50006,
};
