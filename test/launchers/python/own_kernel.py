"""A kernel class that is not ipykernel's own."""

from ipykernel.ipkernel import IPythonKernel


class OwnKernel(IPythonKernel):
    implementation = 'own'
