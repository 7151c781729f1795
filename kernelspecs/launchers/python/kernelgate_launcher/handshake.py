"""Tells the gateway how to reach the kernel, again and again until it has heard."""

import json
import socket
import time
from typing import Any, Callable, Dict, Tuple

from .launcher_error import LauncherError, say
from .options import Options

FIRST_PAUSE = 0.1
LONGEST_PAUSE = 2.0
DEADLINE = 60.0
ANSWER_TIMEOUT = 10.0
ANSWER_BYTES = 4096


class Refused(LauncherError):
    """The gateway does not want this kernel, and would not if it were asked again."""


class AnsweredAlready(Refused):
    """The gateway has an answer for this launch."""


class AnswerLost(OSError):
    """All was sent, but whether it was accepted is unknown."""


def announce(options: Options, connection: Dict[str, Any]) -> None:
    """Returns once the gateway has accepted the connection (version 1: once it was sent).

    :raises LauncherError: when the gateway refuses it, or has not taken it within a minute
    """
    payloads: Dict[str, bytes] = {}

    def payload_for(ip: str) -> bytes:
        # The same bytes at each try: only what was made with this launch's token is ever known as a repetition.
        if ip not in payloads:
            payloads[ip] = _encode(options, {**connection, 'ip': ip})
        return payloads[ip]

    # Loads the libraries, and finds malformed keys, before the gateway is bothered.
    _encode(options, connection)
    started = time.monotonic()
    pause = FIRST_PAUSE
    may_be_accepted = False
    while True:
        try:
            return _tell(options.response_address, payload_for, options.secrets is not None)
        except AnsweredAlready:
            # No one else can have answered with this launch's token: the first try has arrived.
            if may_be_accepted:
                return
            raise
        except OSError as error:
            may_be_accepted = may_be_accepted or isinstance(error, AnswerLost)
            reason = str(error)
        if time.monotonic() + pause > started + DEADLINE:
            break
        time.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)
    host, port = options.response_address
    raise LauncherError(
        f'the gateway at {host}:{port} did not answer within {DEADLINE:.0f} s ({reason});'
        ' pods must be able to reach the address that it gives as RESPONSE_ADDRESS.'
    )


def _encode(options: Options, connection: Dict[str, Any]) -> bytes:
    if options.secrets is None:
        from .payload_v1 import encode_payload as encode_v1

        return encode_v1(options.public_key, connection)
    from .payload_v2 import encode_payload as encode_v2

    return encode_v2(options.secrets, options.kernel_id, {**connection, 'comm_version': 2})


def _tell(address: Tuple[str, int], payload_for: Callable[[str], bytes], has_answer: bool) -> None:
    with socket.create_connection(address, ANSWER_TIMEOUT) as stream:
        stream.sendall(payload_for(stream.getsockname()[0]))
        stream.shutdown(socket.SHUT_WR)
        if has_answer:
            try:
                answer = _read_answer(stream)
            except OSError as error:
                raise AnswerLost(str(error)) from error
            _check_answer(answer)


def _read_answer(stream: socket.socket) -> bytes:
    answer = b''
    while b'\n' not in answer and len(answer) < ANSWER_BYTES:
        received = stream.recv(ANSWER_BYTES)
        if not received:
            break
        answer += received
    return answer


def _check_answer(line: bytes) -> None:
    try:
        answer = json.loads(line)
        accepted = answer['accepted']
    except (ValueError, TypeError, KeyError, RecursionError):
        raise AnswerLost('it closed the connection without an answer') from None
    if accepted is not True:
        kind = AnsweredAlready if answer.get('reason') == 'replay' else Refused
        raise kind(f'the gateway refused this kernel: {answer.get("error") or "it gave no reason"}')


def announce_or_end(options: Options, connection: Dict[str, Any], fail: Callable[[str], None]) -> None:
    """For a thread: `fail` is called with one line when the gateway will never use the kernel."""
    try:
        announce(options, connection)
    except LauncherError as error:
        fail(str(error))
    except Exception as error:
        # An image without cryptography, for one: a kernel that no one can reach must not stay.
        say(f'the handshake failed: {error!r}')
        fail('the handshake could not be made.')
