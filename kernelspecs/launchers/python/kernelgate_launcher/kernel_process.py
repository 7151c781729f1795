"""The kernel's own process, forked from the launcher.

The kernel is not process 1 itself: there, signals without a handler do
nothing, and whoever reaps the pod's orphans would take the exit statuses of
the kernel's own children away from it.
"""

import os
import signal
import sys
from typing import Callable, List

from .launcher_error import LauncherError

# Held back in the launcher, which waits for them instead of handling them (see supervisor.py).
WAITED_FOR = (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)


class KernelProcess:
    """A kernel that leads a process group of its own, as kernels do that Jupyter starts."""

    def __init__(self, pid: int):
        self.pid = pid

    def interrupt(self) -> None:
        """SIGINT for the kernel and for what its cells have started."""
        os.killpg(self.pid, signal.SIGINT)

    def deliver(self, signum: int) -> None:
        """:raises ProcessLookupError: when the kernel has ended"""
        if signum == signal.SIGINT:
            self.interrupt()
        else:
            os.kill(self.pid, signum)

    def kill(self) -> None:
        os.killpg(self.pid, signal.SIGKILL)


def start_kernel(run: Callable[[], None]) -> KernelProcess:
    """Forks; `run` is what the child does. Call it before any thread is started."""
    signal.pthread_sigmask(signal.SIG_BLOCK, WAITED_FOR)
    sys.stdout.flush()
    parent = os.getpid()
    pid = os.fork()
    if pid != 0:
        return KernelProcess(pid)
    os.setsid()
    # Kernels watch their parent, except process 1, which takes them along when it ends.
    os.environ.pop('JPY_PARENT_PID', None)
    if parent != 1:
        os.environ['JPY_PARENT_PID'] = str(parent)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, WAITED_FOR)
    run()
    sys.exit(0)


def replace_by_command(command: List[str], connection_file: str) -> None:
    """Becomes another kernel. The sockets of its ports close with this, for it to bind them."""
    arguments = [argument.replace('{connection_file}', connection_file) for argument in command]
    # What is ignored here would stay so in the program that comes.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        os.execvp(arguments[0], arguments)
    except OSError as error:
        raise LauncherError(f'the command "{arguments[0]}" cannot be run: {error.strerror}.') from error
