"""What may be asked of the launcher: one JSON text, signed since version 2."""

import base64
import hmac
import json
from typing import Any, Callable, Dict

LABEL = b'kernelgate comm 2'
HIGHEST_SIGNAL = 64


class BadRequest(Exception):
    """Not a request, or not the gateway's; says in one line what is wrong with it."""


def challenge_line(challenge: bytes) -> bytes:
    return json.dumps({'version': 2, 'challenge': base64.b64encode(challenge).decode()}).encode() + b'\n'


def read_signed(line: bytes, key: str, challenge: bytes) -> Dict[str, Any]:
    """:raises BadRequest: unless it is signed for this very challenge with the connection's key"""
    envelope = parse(line)
    request, mac = envelope.get('request'), envelope.get('mac')
    if not isinstance(request, str) or not isinstance(mac, str):
        raise BadRequest('request and mac must be texts')
    message = LABEL + b'\0' + challenge + request.encode('utf-8', 'replace')
    expected = hmac.new(key.encode(), message, 'sha256').hexdigest()
    if not hmac.compare_digest(expected.encode(), mac.encode('utf-8', 'replace')):
        raise BadRequest('mac is not that of this connection')
    return parse(request.encode('utf-8', 'replace'))


def parse(text: bytes) -> Dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise BadRequest('not a JSON text') from None
    if not isinstance(value, dict):
        raise BadRequest('not a JSON object')
    return value


def obey(request: Dict[str, Any], deliver: Callable[[int], None], end: Callable[[], None]) -> None:
    """:raises BadRequest: for an unknown request, and for a kernel that has ended"""
    signum = request.get('signum')
    if _is_number(request.get('shutdown')) and request['shutdown'] == 1:
        end()
    elif _is_number(signum) and 0 <= signum <= HIGHEST_SIGNAL:
        try:
            deliver(signum)
        except OSError:
            raise BadRequest('the kernel has ended') from None
    else:
        raise BadRequest('signum must be a number from 0 to 64, or shutdown 1')


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
