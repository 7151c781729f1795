"""ipykernel, or another kernel class of its kind, in this very process."""

import gc
import os
import signal
import sys
from socket import socket
from typing import Any, Dict

from .launcher_error import LauncherError
from .options import DEFAULT_KERNEL_CLASS

OWN_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def run_ipython_kernel(kernel_class_name: str, connection_file: str, reserved: Dict[str, socket]) -> None:
    """Returns when the kernel was asked to end, and has."""
    # ipykernel does the same, but a signal may come sooner: it must not end the kernel.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # What the kernel's user imports and reads from sys.argv is as if there were no launcher.
    sys.path[:] = [entry for entry in sys.path if entry != OWN_PACKAGE]
    sys.argv = ['ipykernel_launcher', '-f', connection_file]
    # Thousands of objects are made while modules load, and none goes away again.
    gc.disable()
    # Told who its parent is, it watches that one, and leaves out its notes for a terminal.
    app = _app_class(reserved).instance(parent_handle=os.getppid(), **_kernel_class(kernel_class_name))
    app.initialize(sys.argv[1:])
    # Counts them as old, or the next collection would go through all of them.
    gc.freeze()
    gc.unfreeze()
    gc.enable()
    _end_on_sigterm()
    app.start()


def _app_class(reserved: Dict[str, socket]):
    """An app whose ZeroMQ sockets take over the ones that listen already."""
    import zmq
    from ipykernel.kernelapp import IPKernelApp

    reserved.pop('hb').close()  # Bound by a thread of its own; nobody waits for it at the start.
    if not hasattr(IPKernelApp, '_try_bind_socket'):
        for held in reserved.values():
            held.close()
        return IPKernelApp
    by_port = {held.getsockname()[1]: held for held in reserved.values()}

    class PodKernelApp(IPKernelApp):
        def _try_bind_socket(self, s, port):
            held = by_port.pop(port, None)
            if held is not None:
                held.setblocking(False)
                s.setsockopt(zmq.USE_FD, held.detach())
            return super()._try_bind_socket(s, port)

    return PodKernelApp


def _kernel_class(name: str) -> Dict[str, Any]:
    if name == DEFAULT_KERNEL_CLASS:
        return {}
    from traitlets.utils.importstring import import_item

    try:
        return {'kernel_class': import_item(name)}
    except (ImportError, ValueError) as error:
        raise LauncherError(f'--kernel-class-name: "{name}" cannot be imported ({error}).') from error


def _end_on_sigterm() -> None:
    """SIGTERM ends the loop after the cell at work; Python then exits as usual, with all exit handlers.

    With a handler of its own, asyncio lets every signal wake its loop. Without
    that, an interrupt would not be noticed while a cell awaits something.
    """
    from tornado.ioloop import IOLoop

    loop = IOLoop.current().asyncio_loop
    loop.add_signal_handler(signal.SIGTERM, loop.stop)
