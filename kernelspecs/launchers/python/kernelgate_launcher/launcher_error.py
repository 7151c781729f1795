"""What ends a launch before there is a kernel to speak of."""

import os


class LauncherError(Exception):
    """Carries one line for the pod's log: what is wrong, and what to do about it."""


def say(text):
    """Writes one line to the pod's log, in one piece, whatever a kernel writes at the same time."""
    line = ' '.join(f'launch_ipykernel: {text}'.split())
    os.write(2, f'{line}\n'.encode('utf-8', 'replace'))
