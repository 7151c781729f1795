"""Jupyter's connection information: what the kernel's file says, and what the gateway is told."""

import json
import os
import secrets
import tempfile
from typing import Any, Dict, Optional, Tuple

from .launcher_error import LauncherError

# Pods whose root is read-only have this one still.
SHARED_MEMORY = '/dev/shm'


def connection_of(ports: Dict[str, int], kernel_name: str) -> Dict[str, Any]:
    """A connection file's content: the kernel binds all interfaces, and its key is new."""
    return {
        **{f'{channel}_port': port for channel, port in ports.items()},
        'ip': '0.0.0.0',
        'key': secrets.token_hex(32),
        'transport': 'tcp',
        'signature_scheme': 'hmac-sha256',
        'kernel_name': kernel_name,
    }


def write_connection_file(connection: Dict[str, Any], path: Optional[str]) -> str:
    """Writes it for its owner's eyes only, at `path` or where there is room; returns where.

    :raises LauncherError: where there is no room
    """
    try:
        descriptor, path = _temporary_file() if path is None else _new_file(path)
        with os.fdopen(descriptor, 'w') as file:
            json.dump(connection, file, indent=2)
    except OSError as error:
        raise LauncherError(
            f'the connection file cannot be written ({error}); the pod needs a writable /tmp or TMPDIR.'
        ) from error
    return path


def remove_connection_file(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        pass


def _new_file(path: str) -> Tuple[int, str]:
    remove_connection_file(path)
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), path


def _temporary_file() -> Tuple[int, str]:
    try:
        tempfile.gettempdir()
    except FileNotFoundError:
        # For the kernel too, which needs a place of this kind itself.
        os.environ['TMPDIR'] = SHARED_MEMORY
    return tempfile.mkstemp(prefix='kernel-', suffix='.json')
