"""How the stack runs a Python module as a process."""

import sys

PYTHON_MODULE = (sys.executable, "-P", "-m")
"""The command before the module's name. -P: a file in the working directory never shadows a module."""
