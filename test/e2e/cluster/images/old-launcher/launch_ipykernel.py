"""A launcher of version 1: what existing kernel images run, in its behaviour, faults included."""

import argparse
import base64
import json
import os
import random
import socket
import uuid
from multiprocessing import Process

from Cryptodome.Cipher import AES, PKCS1_v1_5
from Cryptodome.PublicKey import RSA
from Cryptodome.Util.Padding import pad

CHANNELS = ('shell', 'iopub', 'stdin', 'control', 'hb')


def choose_port(port_range):
    low, high = (int(bound) for bound in port_range.split('..'))
    with socket.socket() as probe:
        probe.bind(('0.0.0.0', random.randint(low, high) if low < high else 0))
        return probe.getsockname()[1]


def encrypt(public_key, connection):
    key = os.urandom(16)
    conn_info = AES.new(key, AES.MODE_ECB).encrypt(pad(json.dumps(connection).encode(), 16))
    locked = PKCS1_v1_5.new(RSA.import_key(base64.b64decode(public_key))).encrypt(key)
    payload = {
        'version': 1,
        'key': base64.b64encode(locked).decode(),
        'conn_info': base64.b64encode(conn_info).decode(),
    }
    return base64.b64encode(json.dumps(payload).encode())


def serve_comm(listener, launcher):
    """Ends, by an error, at the first connection that brings no JSON."""
    # Out of reach of a kernel that ends its children when it is asked to shut down.
    os.setsid()
    while True:
        stream, _ = listener.accept()
        text = b''
        while received := stream.recv(1024):
            text += received
        stream.close()
        request = json.loads(text)
        if request.get('signum') is not None:
            os.kill(launcher, request['signum'])
        if request.get('shutdown') is not None:
            return


def start_comm_listener(port_range):
    listener = socket.create_server(('0.0.0.0', choose_port(port_range)))
    process = Process(target=serve_comm, args=(listener, os.getpid()))
    process.start()
    return process, listener.getsockname()[1]


def main():
    parser = argparse.ArgumentParser()
    for name in ('kernel-id', 'port-range', 'response-address', 'public-key'):
        parser.add_argument(f'--{name}', required=True)
    options = parser.parse_args()
    connection = {
        **{f'{channel}_port': choose_port(options.port_range) for channel in CHANNELS},
        'ip': '0.0.0.0',
        'key': str(uuid.uuid4()),
        'transport': 'tcp',
        'signature_scheme': 'hmac-sha256',
        'kernel_name': '',
    }
    connection_file = f'/tmp/kernel-{options.kernel_id}.json'
    with open(connection_file, 'w') as file:
        json.dump(connection, file)
    comm_listener, comm_port = start_comm_listener(options.port_range)
    told = {
        **connection,
        'kernel_id': options.kernel_id,
        'comm_port': comm_port,
        'pid': os.getpid(),
        'pgid': os.getpgid(0),
    }
    host, port = options.response_address.split(':')
    with socket.create_connection((host, int(port))) as stream:
        stream.sendall(encrypt(options.public_key, told))
    from ipykernel.kernelapp import IPKernelApp

    app = IPKernelApp.instance()
    app.initialize(['-f', connection_file])
    app.start()
    # The pod stays while this one does.
    comm_listener.join()


main()
