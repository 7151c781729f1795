"""Version 1 of the launch answer: the connection under a new AES key, that under the gateway's RSA key."""

import base64
import json
import os
from typing import Any, Dict

from .launcher_error import LauncherError

BLOCK = 16


def encode_payload(public_key: str, connection: Dict[str, Any]) -> bytes:
    """One base64 text, as a gateway of that version reads it up to the end of the stream.

    :param public_key: base64 of a DER SubjectPublicKeyInfo
    """
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    key = os.urandom(BLOCK)
    try:
        locked_key = load_der_public_key(base64.b64decode(public_key)).encrypt(key, PKCS1v15())
    except (ValueError, AttributeError, TypeError) as error:
        reason = f'--public-key: must be the base64 of an RSA public key in DER ({error}).'
        raise LauncherError(reason) from error
    payload = {
        'version': 1,
        'key': base64.b64encode(locked_key).decode(),
        'conn_info': base64.b64encode(_encrypt(key, json.dumps(connection).encode())).decode(),
    }
    return base64.b64encode(json.dumps(payload).encode())


def _encrypt(key: bytes, text: bytes) -> bytes:
    from cryptography.hazmat.primitives.ciphers import Cipher
    from cryptography.hazmat.primitives.ciphers.algorithms import AES
    from cryptography.hazmat.primitives.ciphers.modes import ECB

    missing = BLOCK - len(text) % BLOCK
    encryptor = Cipher(AES(key), ECB()).encryptor()
    return encryptor.update(text + bytes([missing]) * missing) + encryptor.finalize()
