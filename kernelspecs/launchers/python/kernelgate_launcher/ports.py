"""Chooses the kernel's ports, and holds them until the kernel takes them over."""

import random
import re
import socket
from typing import Dict, List, Optional, Tuple

from .launcher_error import LauncherError

# The kernel's five, and the one on which the launcher itself takes requests.
CHANNELS = ('shell', 'iopub', 'stdin', 'control', 'hb')
COMM = 'comm'
DEFAULT_MINIMUM_SIZE = 1000
DEFAULT_RETRIES = 5


def parse_port_range(text: str, environment: Dict[str, str]) -> Optional[Tuple[int, int]]:
    """The bounds of `lo..hi`; None for equal bounds, which leave the choice open.

    :raises LauncherError: for another syntax, for ports that do not exist, and for a range that is too small
    """
    match = re.fullmatch(r'\s*([0-9]{1,5})\.\.([0-9]{1,5})\s*', text)
    if match is None:
        raise LauncherError(f'--port-range: must be written as 30000..32000, but is "{text}".')
    low, high = int(match.group(1)), int(match.group(2))
    if low == high:
        return None
    minimum = _number(environment, 'MIN_PORT_RANGE_SIZE', DEFAULT_MINIMUM_SIZE)
    if not 0 < low < high < 65536 or high - low < minimum:
        raise LauncherError(
            f'--port-range: must span at least {minimum} ports (MIN_PORT_RANGE_SIZE) of 1 to 65535,'
            f' but is "{text}".'
        )
    return low, high


def reserve_ports(text: str, environment: Dict[str, str]) -> Dict[str, socket.socket]:
    """Listening sockets on all interfaces, one for each channel and one for the launcher.

    They listen from the start: a gateway that connects before the kernel is up
    waits in the backlog, and need not try again.
    """
    bounds = parse_port_range(text, environment)
    retries = _number(environment, 'MAX_PORT_RANGE_RETRIES', DEFAULT_RETRIES)
    names = (*CHANNELS, COMM)
    candidates = _candidates(bounds, len(names) * (retries + 1))
    return {name: _listen_on_any(candidates, text) for name in names}


def _candidates(bounds: Optional[Tuple[int, int]], count: int) -> List[int]:
    if bounds is None:
        return [0] * count
    everything = range(bounds[0], bounds[1] + 1)
    return random.sample(everything, min(count, len(everything)))


def _listen_on_any(candidates: List[int], text: str) -> socket.socket:
    while candidates:
        reserved = socket.socket()
        try:
            reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            reserved.bind(('0.0.0.0', candidates.pop()))
            reserved.listen(100)
            return reserved
        except OSError:
            reserved.close()
    raise LauncherError(f'--port-range: no six free ports were found in "{text}"; widen it.')


def _number(environment: Dict[str, str], name: str, default: int) -> int:
    text = environment.get(name) or environment.get(f'EG_{name}') or str(default)
    if not (text.isascii() and text.isdigit()):
        raise LauncherError(f'{name}: must be a whole number, but is "{text}".')
    return int(text)
