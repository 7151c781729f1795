"""The launcher's side of the launch handshake, version 2, written apart from the one that is shipped."""

import base64
import hmac
import json
import os
import socket
import time

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ATTEMPTS = 30


def tell_gateway(connection):
    """Exits with status 1 when the gateway refuses."""
    host, port = os.environ['RESPONSE_ADDRESS'].rsplit(':', 1)
    for attempt in range(ATTEMPTS):
        try:
            answer = _exchange((host, int(port)), connection)
            break
        except (OSError, ValueError):
            time.sleep(min(2, 0.1 * 2**attempt))
    else:
        raise SystemExit('light: the gateway did not answer')
    if not answer['accepted']:
        raise SystemExit(f'light: refused: {answer["error"]}')


def _exchange(address, connection):
    with socket.create_connection(address, 10) as stream:
        stream.sendall(_seal({**connection, 'ip': stream.getsockname()[0]}))
        stream.shutdown(socket.SHUT_WR)
        return json.loads(stream.makefile().readline())


def _seal(connection):
    kernel_id = connection['kernel_id'].encode()
    gateway_key = base64.b64decode(os.environ['KERNEL_GATEWAY_KEY'])
    token = base64.b64decode(os.environ['KERNEL_LAUNCH_TOKEN'])
    private_key = X25519PrivateKey.generate()
    public_key = private_key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    shared = private_key.exchange(X25519PublicKey.from_public_bytes(gateway_key))
    info = b'kernelgate launch 2\0' + kernel_id + public_key + gateway_key
    key = hmac.digest(hmac.digest(token, shared, 'sha256'), info + b'\1', 'sha256')
    nonce = os.urandom(12)
    sealed = AESGCM(key).encrypt(nonce, json.dumps(connection).encode(), kernel_id)
    texts = {'public_key': public_key, 'nonce': nonce, 'conn_info': sealed}
    encoded = {name: base64.b64encode(value).decode() for name, value in texts.items()}
    return json.dumps({'version': 2, 'kernel_id': connection['kernel_id'], **encoded}).encode()
