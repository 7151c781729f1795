"""Process 1 of the pod: waits for the kernel's end, and sees to it that there is one.

Signals are held back and waited for, never handled: nothing is interrupted by
them, and process 1 would not get those without a handler.
"""

import os
import signal
import threading
import time
from typing import Dict, List, Optional, Tuple

from .kernel_process import WAITED_FOR, KernelProcess
from .launcher_error import say

# Kubernetes gives a pod 30 s by default.
GRACE = 20.0
# For kernels that run no exit handlers on SIGTERM: they may have been asked on their control channel, too.
COMMAND_PATIENCE = 1.0
FOREVER = 3600.0


class Supervisor:
    """
    :param patience: seconds from the interrupt to SIGTERM, when the kernel is to end
    """

    def __init__(self, kernel: KernelProcess, patience: float):
        self._kernel = kernel
        self._patience = patience
        self._thread = threading.get_ident()
        self._ending = False
        self._failure: Optional[str] = None
        # What is still to be done to the kernel, and when on the monotonic clock.
        self._steps: List[Tuple[float, int]] = []

    def end(self) -> None:
        """Lets the kernel end in order. For any thread."""
        self._ending = True
        signal.pthread_kill(self._thread, signal.SIGUSR1)

    def fail(self, reason: str) -> None:
        """Ends a kernel that is of no use, and the launcher with status 1. For any thread."""
        self._failure = reason
        self.end()

    def run(self) -> int:
        """Returns the exit status: the kernel's own, or 0 when it was asked to end."""
        while True:
            status = self._reap()
            if status is not None:
                return self._exit_status(status)
            if self._ending and not self._steps:
                self._plan_steps()
            self._take_steps()
            received = signal.sigtimedwait(WAITED_FOR, self._pause())
            if received is not None:
                self._note(received.si_signo)

    def _note(self, signum: int) -> None:
        if signum == signal.SIGTERM:
            self._ending = True
        elif signum == signal.SIGINT:
            self._send(signal.SIGINT)

    def _plan_steps(self) -> None:
        if self._failure is not None:
            say(self._failure)
        now = time.monotonic()
        self._steps = [
            (now, signal.SIGINT),
            (now + self._patience, signal.SIGTERM),
            (now + GRACE, signal.SIGKILL),
        ]

    def _take_steps(self) -> None:
        # The last one stays, and is repeated: there is nothing else to do until the kernel is gone.
        while self._steps and self._steps[0][0] <= time.monotonic():
            self._send(self._steps[0][1])
            if len(self._steps) == 1:
                self._steps = [(time.monotonic() + 1, signal.SIGKILL)]
            else:
                del self._steps[0]

    def _pause(self) -> float:
        return max(0.0, self._steps[0][0] - time.monotonic()) if self._steps else FOREVER

    def _send(self, signum: int) -> None:
        try:
            if signum == signal.SIGKILL:
                self._kernel.kill()
            else:
                self._kernel.deliver(signum)
        except OSError:
            pass  # It has ended, which the next look shows.

    def _reap(self) -> Optional[int]:
        """Collects all that has ended: orphans of the kernel's processes come to process 1."""
        ended: Dict[int, int] = {}
        try:
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    break
                ended[pid] = status
        except ChildProcessError:
            pass
        return ended.get(self._kernel.pid)

    def _exit_status(self, status: int) -> int:
        if self._failure is not None:
            return 1
        if self._ending:
            return 0
        if os.WIFSIGNALED(status):
            signum = os.WTERMSIG(status)
            say(f'the kernel was ended by signal {signum} ({signal.strsignal(signum)}).')
            return 128 + signum
        return os.WEXITSTATUS(status)
