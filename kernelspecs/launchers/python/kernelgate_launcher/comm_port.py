"""The port on which the gateway asks the launcher for signals, and for the end.

Anything in the cluster may connect to it: each connection has a thread of its
own, a few seconds and a few bytes, and can do no more than fail.
"""

import collections
import json
import os
import socket
import threading
import time
from typing import Any, Callable, Deque, Dict

from .comm_request import BadRequest, challenge_line, obey, parse, read_signed

CONNECTION_SECONDS = 5.0
REQUEST_BYTES = 4096
MOST_CONNECTIONS = 32


class CommPort:
    """
    :param version: 2 takes signed requests and answers them; 1 takes bare ones, as older gateways send them
    """

    def __init__(
        self,
        listener: socket.socket,
        key: str,
        version: int,
        deliver: Callable[[int], None],
        end: Callable[[], None],
    ):
        self._listener = listener
        self._key = key
        self._serve = self._serve_signed if version == 2 else self._serve_bare
        self._deliver = deliver
        self._end = end
        self._open: Deque[socket.socket] = collections.deque()

    def listen(self) -> None:
        threading.Thread(target=self._accept_all, daemon=True).start()

    def _accept_all(self) -> None:
        self._listener.setblocking(True)
        while True:
            try:
                stream, _ = self._listener.accept()
                self._take(stream)
            except (OSError, RuntimeError):
                # No descriptor or no thread is to be had: the kernel's user may have taken them all.
                time.sleep(0.1)

    def _take(self, stream: socket.socket) -> None:
        self._make_room()
        self._open.append(stream)
        try:
            threading.Thread(target=self._handle, args=(stream,), daemon=True).start()
        except RuntimeError:
            self._open.remove(stream)
            stream.close()
            raise

    def _make_room(self) -> None:
        """The oldest goes: the gateway takes milliseconds, and what has stayed for longer is not it."""
        if len(self._open) < MOST_CONNECTIONS:
            return
        try:
            self._open.popleft().shutdown(socket.SHUT_RDWR)
        except (OSError, IndexError):
            pass

    def _handle(self, stream: socket.socket) -> None:
        try:
            with stream:
                self._serve(stream, time.monotonic() + CONNECTION_SECONDS)
        except OSError:
            pass
        finally:
            try:
                self._open.remove(stream)
            except ValueError:
                pass

    def _serve_signed(self, stream: socket.socket, deadline: float) -> None:
        challenge = os.urandom(32)
        stream.settimeout(CONNECTION_SECONDS)
        stream.sendall(challenge_line(challenge))
        line = _read(stream, deadline, b'\n')
        if not line.endswith(b'\n'):
            return
        answer: Dict[str, Any] = {'ok': True}
        try:
            obey(read_signed(line, self._key, challenge), self._deliver, self._end)
        except BadRequest as error:
            answer = {'ok': False, 'error': str(error)}
        stream.sendall(json.dumps(answer).encode() + b'\n')

    def _serve_bare(self, stream: socket.socket, deadline: float) -> None:
        try:
            obey(parse(_read(stream, deadline, None)), self._deliver, self._end)
        except BadRequest:
            pass


def _read(stream: socket.socket, deadline: float, until: Any) -> bytes:
    """Up to and with `until` (None: to the end of the stream). Too long a text comes cut, and so is none."""
    received = b''
    while len(received) < REQUEST_BYTES and not (until and until in received):
        stream.settimeout(max(0.001, deadline - time.monotonic()))
        chunk = stream.recv(REQUEST_BYTES - len(received))
        if not chunk:
            break
        received += chunk
    return received
