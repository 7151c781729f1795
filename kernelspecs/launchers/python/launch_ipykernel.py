"""Starts a kernel and tells the gateway how to reach it.

    launch_ipykernel.py --kernel-id ID --response-address IP:PORT [options]
    launch_ipykernel.py [options] -- COMMAND ARGUMENT... {connection_file}

Arguments that are missing are taken from the environment, so that a pod needs
none. Everything is in the package beside this file: Python keeps the compiled
form of modules, but not that of a script.
"""

import os
import sys

if __name__ == '__main__':
    # Named here because Python leaves a script's own directory out under PYTHONSAFEPATH.
    directory = os.path.dirname(os.path.abspath(__file__))
    if directory not in sys.path:
        sys.path.insert(0, directory)

    from kernelgate_launcher.launcher import main

    sys.exit(main(sys.argv[1:]))
