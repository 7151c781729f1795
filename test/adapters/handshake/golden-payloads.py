"""Makes golden-payloads.json: launch answers as Python launchers send them.

Needs cryptography and pycryptodome. The private keys are for these tests only.
"""

import hashlib
import hmac
import json
import os
import sys
from base64 import b64encode

from Crypto.Cipher import AES, PKCS1_v1_5
from Crypto.PublicKey import RSA
from Crypto.Util.Padding import pad
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

KERNEL_ID = '5e7d1c0a-93b4-4f6e-8a21-c0ffee123456'
TOKEN = bytes(range(100, 132))


def b64(data):
    return b64encode(data).decode()


connection = {
    'shell_port': 50001,
    'iopub_port': 50002,
    'stdin_port': 50003,
    'control_port': 50004,
    'hb_port': 50005,
    'ip': '0.0.0.0',
    'key': '0b5a4f3e-5d1c-4b8a-9f00-000000000001',
    'transport': 'tcp',
    'signature_scheme': 'hmac-sha256',
    'kernel_name': '',
    'kernel_id': KERNEL_ID,
    'comm_port': 50006,
    'pid': 7,
    'pgid': 7,
}


def version_0():
    plain = {name: value for name, value in connection.items() if name != 'kernel_id'}
    text = json.dumps(plain).encode()
    text += b'%' * (16 - len(text) % 16)
    return b64(AES.new(KERNEL_ID[:16].encode(), AES.MODE_ECB).encrypt(text))


def version_1(rsa, info, indent=None):
    key = os.urandom(16)
    payload = {
        'version': 1,
        'key': b64(PKCS1_v1_5.new(rsa.publickey()).encrypt(key)),
        'conn_info': b64(AES.new(key, AES.MODE_ECB).encrypt(pad(json.dumps(info).encode(), 16))),
    }
    return b64(json.dumps(payload, indent=indent).encode())


def version_2(gateway, info, launcher, nonce):
    raw = lambda key: key.public_bytes(Encoding.Raw, PublicFormat.Raw)
    own = raw(launcher.public_key())
    derived = HKDF(
        algorithm=hashes.SHA256(),
        length=32,
        salt=TOKEN,
        info=b'kernelgate launch 2\0' + KERNEL_ID.encode() + own + raw(gateway.public_key()),
    ).derive(launcher.exchange(gateway.public_key()))
    sealed = AESGCM(derived).encrypt(nonce, json.dumps(info).encode(), KERNEL_ID.encode())
    return json.dumps(
        {
            'version': 2,
            'kernel_id': KERNEL_ID,
            'public_key': b64(own),
            'nonce': b64(nonce),
            'conn_info': b64(sealed),
        }
    )


def signed_request(challenge, request):
    message = b'kernelgate comm 2\0' + challenge + request.encode()
    return hmac.new(connection['key'].encode(), message, hashlib.sha256).hexdigest()


rsa = RSA.generate(2048)
gateway_seed = bytes(range(32))
gateway = X25519PrivateKey.from_private_bytes(gateway_seed)
launcher = X25519PrivateKey.from_private_bytes(bytes(range(32, 64)))
info_2 = {**connection, 'ip': '10.42.0.17', 'comm_version': 2}
scala = {**connection, 'kernel_name': 'Apache Toree Scala', 'pid': '7'}
del scala['pgid']
challenge = bytes(range(200, 232))
request = '{"signum":2}'

golden = {
    'kernelId': KERNEL_ID,
    'token': b64(TOKEN),
    'rsaPrivateKey': rsa.export_key(pkcs=8).decode(),
    'rsaPublicKey': b64(rsa.publickey().export_key('DER')),
    'x25519PrivateKey': b64(gateway_seed),
    'x25519PublicKey': b64(gateway.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)),
    'connection': connection,
    'version0': version_0(),
    'version1': version_1(rsa, connection),
    'version1Scala': version_1(rsa, scala, indent=2),
    'version2': version_2(gateway, info_2, launcher, bytes(range(12))),
    'comm': {'challenge': b64(challenge), 'request': request, 'mac': signed_request(challenge, request)},
}
json.dump(golden, sys.stdout, indent=2)
print()
