"""Speaks the Jupyter protocol and computes nothing: what a cell holds comes back as its output."""

import datetime
import hmac
import json
import os
import secrets
import signal
import socket
import threading

import zmq
from comm_listener import serve_comm
from launch_answer import tell_gateway

CHANNELS = {
    'shell': zmq.ROUTER,
    'control': zmq.ROUTER,
    'stdin': zmq.ROUTER,
    'iopub': zmq.PUB,
    'hb': zmq.ROUTER,
}
KERNEL_INFO = {
    'status': 'ok',
    'protocol_version': '5.3',
    'implementation': 'light',
    'implementation_version': '1.0',
    'language_info': {'name': 'python', 'version': '3', 'mimetype': 'text/plain', 'file_extension': '.txt'},
    'banner': 'A kernel that computes nothing',
    'help_links': [],
}


class LightKernel:
    def __init__(self):
        self.key = secrets.token_hex(32)
        self.session = secrets.token_hex(16)
        self.executions = 0
        self.context = zmq.Context()
        self.sockets = {channel: self.context.socket(kind) for channel, kind in CHANNELS.items()}
        self.ports = {name: one.bind_to_random_port('tcp://0.0.0.0') for name, one in self.sockets.items()}

    def serve(self):
        poller = zmq.Poller()
        for channel in ('shell', 'control', 'hb'):
            poller.register(self.sockets[channel], zmq.POLLIN)
        self.publish('status', {'execution_state': 'starting'}, {})
        while True:
            for one, _ in poller.poll():
                frames = one.recv_multipart()
                if one is self.sockets['hb']:
                    one.send_multipart(frames)
                elif not self.answer(one, frames):
                    return

    def answer(self, one, frames):
        """False once it was asked to end."""
        at = frames.index(b'<IDS|MSG>')
        parts = frames[at + 2 : at + 6]
        if not hmac.compare_digest(frames[at + 1], self.sign(parts)):
            return True
        header, content = json.loads(parts[0]), json.loads(parts[3])
        kind = header['msg_type']
        self.publish('status', {'execution_state': 'busy'}, header)
        reply = self.reply_to(kind, header, content)
        one.send_multipart([*frames[:at], *self.frames(kind.replace('_request', '_reply'), reply, header)])
        self.publish('status', {'execution_state': 'idle'}, header)
        return kind != 'shutdown_request'

    def reply_to(self, kind, header, content):
        if kind == 'kernel_info_request':
            return KERNEL_INFO
        if kind == 'execute_request':
            self.executions += 1
            self.publish('stream', {'name': 'stdout', 'text': content['code']}, header)
            return {'status': 'ok', 'execution_count': self.executions, 'user_expressions': {}, 'payload': []}
        return {'status': 'ok', 'restart': content.get('restart', False)}

    def publish(self, kind, content, parent):
        self.sockets['iopub'].send_multipart([kind.encode(), *self.frames(kind, content, parent)])

    def frames(self, kind, content, parent):
        header = {
            'msg_id': secrets.token_hex(16),
            'msg_type': kind,
            'session': self.session,
            'username': 'kernel',
            'date': datetime.datetime.now(datetime.timezone.utc).isoformat(),
            'version': '5.3',
        }
        parts = [json.dumps(part).encode() for part in (header, parent, {}, content)]
        return [b'<IDS|MSG>', self.sign(parts), *parts]

    def sign(self, parts):
        return hmac.new(self.key.encode(), b''.join(parts), 'sha256').hexdigest().encode()


def main():
    # As process 1, it gets only the signals that it handles.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    signal.signal(signal.SIGINT, lambda *_: None)
    kernel = LightKernel()
    comm = socket.create_server(('0.0.0.0', 0))
    connection = {
        **{f'{channel}_port': port for channel, port in kernel.ports.items()},
        'ip': '0.0.0.0',
        'transport': 'tcp',
        'signature_scheme': 'hmac-sha256',
        'key': kernel.key,
        'kernel_name': '',
        'kernel_id': os.environ['KERNEL_ID'],
        'comm_port': comm.getsockname()[1],
        'comm_version': 2,
        'pid': os.getpid(),
        'pgid': os.getpgrp(),
    }
    threading.Thread(target=serve_comm, args=(comm, kernel.key), daemon=True).start()
    threading.Thread(target=tell_or_exit, args=(connection,), daemon=True).start()
    kernel.serve()
    # Sends what is still queued.
    kernel.context.destroy(linger=1000)


def tell_or_exit(connection):
    try:
        tell_gateway(connection)
    except BaseException as error:
        os.write(2, f'{error}\n'.encode())
        os._exit(1)
