"""Version 2 of the launch answer: X25519 with the gateway's key, this launch's token, and AES-256-GCM."""

import base64
import binascii
import hmac
import json
import os
from typing import Any, Dict

from .launcher_error import LauncherError
from .options import Secrets

LABEL = b'kernelgate launch 2'
KEY_BYTES = 32
NONCE_BYTES = 12


def encode_payload(secrets: Secrets, kernel_id: str, connection: Dict[str, Any]) -> bytes:
    """One JSON text. Its sender knows the token, and no one but the gateway can read the connection."""
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    gateway_key = _decode('KERNEL_GATEWAY_KEY', secrets.gateway_key)
    token = _decode('KERNEL_LAUNCH_TOKEN', secrets.launch_token)
    private_key = X25519PrivateKey.generate()
    public_key = private_key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    shared = private_key.exchange(X25519PublicKey.from_public_bytes(gateway_key))
    identity = kernel_id.encode()
    key = derive_key(shared, token, LABEL + b'\0' + identity + public_key + gateway_key)
    nonce = os.urandom(NONCE_BYTES)
    payload = {
        'version': 2,
        'kernel_id': kernel_id,
        'public_key': base64.b64encode(public_key).decode(),
        'nonce': base64.b64encode(nonce).decode(),
        'conn_info': base64.b64encode(
            AESGCM(key).encrypt(nonce, json.dumps(connection).encode(), identity)
        ).decode(),
    }
    return json.dumps(payload).encode()


def derive_key(shared: bytes, salt: bytes, info: bytes) -> bytes:
    """HKDF-SHA256 (RFC 5869) for one block of output, which is all that a key of 32 bytes takes."""
    extracted = hmac.new(salt, shared, 'sha256').digest()
    return hmac.new(extracted, info + b'\x01', 'sha256').digest()


def _decode(name: str, text: str) -> bytes:
    try:
        value = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        value = b''
    if len(value) != KEY_BYTES:
        raise LauncherError(
            f'{name}: must be the base64 of {KEY_BYTES} bytes; the gateway sets it for each pod.'
        )
    return value
