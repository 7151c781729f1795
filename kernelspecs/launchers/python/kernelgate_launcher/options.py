"""The launcher's arguments, and the environment that stands in for those that are missing."""

import argparse
from typing import Dict, List, NamedTuple, Optional, Tuple

from .launcher_error import LauncherError, say

DEFAULT_KERNEL_CLASS = 'ipykernel.ipkernel.IPythonKernel'

# Given as `--NAME` or as `--RemoteProcessProxy.NAME`; then the variables are asked, then the default holds.
TWINS = (
    ('kernel-id', ('KERNEL_ID',), ''),
    ('port-range', ('PORT_RANGE', 'EG_PORT_RANGE'), '0..0'),
    ('response-address', ('RESPONSE_ADDRESS', 'EG_RESPONSE_ADDRESS'), ''),
    ('public-key', ('PUBLIC_KEY', 'EG_PUBLIC_KEY'), ''),
    ('spark-context-initialization-mode', ('KERNEL_SPARK_CONTEXT_INIT_MODE',), 'none'),
)
SPARK_MODES = ('none', 'lazy', 'eager')


class Secrets(NamedTuple):
    """What a version 2 handshake needs, both in base64."""

    gateway_key: str
    launch_token: str


class Options(NamedTuple):
    kernel_id: str
    port_range: str
    response_address: Tuple[str, int]
    public_key: str
    kernel_class_name: str
    # Where to write the connection file; None leaves it to the launcher.
    connection_file: Optional[str]
    # Another kernel's command; empty for ipykernel.
    command: List[str]
    # None: the gateway speaks version 1.
    secrets: Optional[Secrets]


def read_options(arguments: List[str], environment: Dict[str, str]) -> Options:
    """Reads what is given, and takes the secrets out of the kernel's environment.

    :raises LauncherError: for a value that is missing or malformed
    """
    own, command = _split_command(arguments)
    given, unknown = _parser().parse_known_args(own)
    if unknown:
        say(f'ignored unknown arguments: {" ".join(unknown)}')
    values = {
        name: _value_of(name, variables, default, given, environment) for name, variables, default in TWINS
    }
    _mention_spark(values['spark-context-initialization-mode'])
    options = Options(
        kernel_id=values['kernel-id'],
        port_range=values['port-range'],
        response_address=_address_of(values['response-address']),
        public_key=values['public-key'],
        kernel_class_name=given.kernel_class_name
        or environment.get('KERNEL_CLASS_NAME')
        or DEFAULT_KERNEL_CLASS,
        connection_file=given.connection_file,
        command=command,
        secrets=_take_secrets(environment),
    )
    if not options.kernel_id:
        raise LauncherError('--kernel-id is missing; give it, or set KERNEL_ID.')
    if options.secrets is None and not options.public_key:
        raise LauncherError(
            '--public-key is missing; give it,'
            ' or set PUBLIC_KEY, or KERNEL_GATEWAY_KEY and KERNEL_LAUNCH_TOKEN.'
        )
    return options


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        raise LauncherError(f'{message}.')


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog='launch_ipykernel.py', allow_abbrev=False)
    for name, _, _ in TWINS:
        parser.add_argument(f'--{name}', dest=name)
        parser.add_argument(f'--RemoteProcessProxy.{name}', dest=f'proxy {name}', help=argparse.SUPPRESS)
    parser.add_argument(
        '--kernel-class-name', help=f'the kernel to start in Python (default: {DEFAULT_KERNEL_CLASS})'
    )
    parser.add_argument('--cluster-type', choices=('spark', 'dask', 'none'), help='accepted, without effect')
    parser.add_argument('connection_file', nargs='?', help='where to write the connection file (deprecated)')
    return parser


def _split_command(arguments: List[str]) -> Tuple[List[str], List[str]]:
    if '--' not in arguments:
        return arguments, []
    at = arguments.index('--')
    command = arguments[at + 1 :]
    if not command:
        raise LauncherError('a command must follow "--", with {connection_file} as one of its arguments.')
    return arguments[:at], command


def _value_of(name, variables, default, given, environment) -> str:
    chosen = getattr(given, name) or getattr(given, f'proxy {name}')
    return chosen or next((environment[v] for v in variables if environment.get(v)), default)


def _address_of(text: str) -> Tuple[str, int]:
    host, _, port = text.rpartition(':')
    if host and port.isascii() and port.isdigit() and 0 < int(port) < 65536:
        return host.strip('[]'), int(port)
    if not text:
        raise LauncherError('--response-address is missing; give it as IP:PORT, or set RESPONSE_ADDRESS.')
    raise LauncherError(f'--response-address: must be IP:PORT, but is "{text}".')


def _take_secrets(environment: Dict[str, str]) -> Optional[Secrets]:
    # /proc/1/environ goes on showing them. That does no harm: the token is spent once the gateway has
    # its answer, and no one can run code in a kernel before that.
    gateway_key = environment.pop('KERNEL_GATEWAY_KEY', '')
    launch_token = environment.pop('KERNEL_LAUNCH_TOKEN', '')
    return Secrets(gateway_key, launch_token) if gateway_key and launch_token else None


def _mention_spark(mode: str) -> None:
    if mode not in SPARK_MODES:
        allowed = ', '.join(SPARK_MODES)
        raise LauncherError(
            f'--spark-context-initialization-mode: must be one of {allowed}, but is "{mode}".'
        )
    if mode == 'none':
        return
    from importlib.util import find_spec

    reason = (
        'pyspark is not installed in this image'
        if find_spec('pyspark') is None
        else 'this launcher makes none'
    )
    say(f'no Spark context, although the mode is "{mode}": {reason}. The kernel starts without.')
