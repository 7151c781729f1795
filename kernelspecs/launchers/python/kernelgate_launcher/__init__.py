"""Launches one kernel in a pod: see the README beside the launchers."""
