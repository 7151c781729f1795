"""A launch from its arguments to its exit status, in the order in which it happens."""

import os
import threading
from socket import socket
from typing import Any, Dict, List

from .connection import connection_of, remove_connection_file, write_connection_file
from .kernel_process import KernelProcess, replace_by_command, start_kernel
from .launcher_error import LauncherError, say
from .options import Options, read_options
from .ports import COMM, reserve_ports


def main(arguments: List[str]) -> int:
    """The kernel's exit status; 0 when it was asked to end; 1 when it could not be launched or told of."""
    try:
        options = read_options(arguments, os.environ)
        reserved = reserve_ports(options.port_range, os.environ)
        return _launch(options, reserved)
    except LauncherError as error:
        say(str(error))
        return 1


def _launch(options: Options, reserved: Dict[str, socket]) -> int:
    comm_listener = reserved.pop(COMM)
    ports = {channel: held.getsockname()[1] for channel, held in reserved.items()}
    connection = connection_of(ports, os.environ.get('KERNEL_NAME', ''))
    connection_file = write_connection_file(connection, options.connection_file)

    def run() -> None:
        comm_listener.close()
        _run_kernel(options, connection_file, reserved)

    # First the kernel, which takes longest; all else is done while it loads, on another core if there is one.
    kernel = start_kernel(run)
    for held in reserved.values():
        held.close()
    told = {
        **connection,
        'kernel_id': options.kernel_id,
        'comm_port': comm_listener.getsockname()[1],
        'pid': kernel.pid,
        'pgid': kernel.pid,
    }
    try:
        return _look_after(kernel, options, told, comm_listener)
    finally:
        remove_connection_file(connection_file)


def _run_kernel(options: Options, connection_file: str, reserved: Dict[str, socket]) -> None:
    if options.command:
        for held in reserved.values():
            held.close()
        replace_by_command(options.command, connection_file)
    from .ipython_kernel import run_ipython_kernel

    run_ipython_kernel(options.kernel_class_name, connection_file, reserved)


def _look_after(kernel: KernelProcess, options: Options, told: Dict[str, Any], comm_listener: socket) -> int:
    from .comm_port import CommPort
    from .handshake import announce_or_end
    from .supervisor import COMMAND_PATIENCE, Supervisor

    supervisor = Supervisor(kernel, COMMAND_PATIENCE if options.command else 0.0)
    version = 1 if options.secrets is None else 2
    CommPort(comm_listener, told['key'], version, kernel.deliver, supervisor.end).listen()
    threading.Thread(target=announce_or_end, args=(options, told, supervisor.fail), daemon=True).start()
    return supervisor.run()
