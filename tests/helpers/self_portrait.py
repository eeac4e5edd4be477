"""A process that prints what it sees of itself, as JSON: `python -m tests.helpers.self_portrait [OPTION]...`.

Then it ends as it is told: `exit=CODE`, `words` (exits with a message), `raises`, `kills-itself`,
`interrupted`; or, told nothing, with success. With `waits` it goes on until it is ended.
"""

import ctypes
import gc
import json
import os
import resource
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

_PR_GET_PDEATHSIG = 2
_LIMITS = [name for name in dir(resource) if name.startswith("RLIMIT_")]


def portrait() -> dict[str, Any]:
    return {
        "argv": sys.argv,
        "orig_argv": sys.orig_argv,
        "command": Path("/proc/self/cmdline").read_bytes().replace(b"\0", b" ").decode().strip(),
        "environment": dict(os.environ),
        "native environment": {name: _getenv(name) for name in os.environ},
        "directory": str(Path.cwd()),
        "path": sys.path,
        "flags": str(sys.flags),
        "module": [__name__, __package__, getattr(sys.modules["__main__"], "__file__", None)],
        "descriptors": descriptors(),
        "streams": [_describe(stream) for stream in (sys.stdin, sys.stdout, sys.stderr)],
        "leads its session": os.getsid(0) == os.getpgid(0) == os.getpid(),
        "parent": os.getppid(),
        "parent death signal": parent_death_signal(),
        "signals": [line for line in _status() if line.startswith("Sig")],
        "python signals": [str(signal.getsignal(number)) for number in sorted(signal.valid_signals())],
        "threads": [line for line in _status() if line.startswith("Threads")],
        "limits": {each: resource.getrlimit(getattr(resource, each)) for each in _LIMITS},
        "collector": [gc.isenabled(), gc.get_threshold(), gc.get_debug()],
    }


def descriptors() -> dict[str, str]:
    """What is open, by number; a pipe is only said to be one."""
    found = {}
    for each in Path("/proc/self/fd").iterdir():
        # The one that lists them is closed by now.
        with suppress(FileNotFoundError):
            found[each.name] = str(each.readlink()).partition(":")[0]
    return found


def parent_death_signal() -> int:
    number = ctypes.c_int()
    ctypes.CDLL(None).prctl(_PR_GET_PDEATHSIG, ctypes.byref(number), 0, 0, 0)
    return number.value


def _getenv(name: str) -> str:
    getenv = ctypes.CDLL(None).getenv
    getenv.restype = ctypes.c_char_p
    value = getenv(os.fsencode(name))
    return os.fsdecode(value or b"")


def _describe(stream: TextIO) -> list[Any]:
    options = ("encoding", "errors", "line_buffering", "write_through", "newlines", "mode")
    return [
        stream.name,
        stream.fileno(),
        type(stream.buffer).__name__,
        *(getattr(stream, each) for each in options),
    ]


def _status() -> list[str]:
    return Path("/proc/self/status").read_text().splitlines()


def main() -> None:
    sys.stdout.write(json.dumps(portrait()) + "\n")
    for option in sys.argv[1:]:
        if option.startswith("exit="):
            sys.exit(int(option.removeprefix("exit=")))
    if "words" in sys.argv:
        sys.exit("these are my last words")
    if "raises" in sys.argv:
        raise LookupError("there is no such thing")
    if "kills-itself" in sys.argv:
        os.kill(os.getpid(), signal.SIGKILL)
    if "interrupted" in sys.argv:
        raise KeyboardInterrupt
    if "waits" in sys.argv:
        signal.pause()


if __name__ == "__main__":
    main()
