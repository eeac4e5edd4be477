"""Ports of the loopback interface for processes that nobody but us connects to."""

import random
import socket

LOOPBACK = "127.0.0.1"

# Below the kernel's ephemeral range, so that no outgoing connection takes the port while its owner restarts.
_FIRST_PORT = 20_000
_LAST_PORT = 32_000
_ATTEMPTS_MAX = 200


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Tells whether a server could listen on the port now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as candidate:
        # As servers do: a port in TIME_WAIT is free.
        candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            candidate.bind((host, port))
        except OSError:
            return False
    return True


def choose(*, taken: frozenset[int] = frozenset()) -> int:
    """Returns a port on which nobody listens and that is not in `taken`."""
    for _ in range(_ATTEMPTS_MAX):
        port = random.randint(_FIRST_PORT, _LAST_PORT)  # noqa: S311 - a port is no secret
        if port not in taken and is_free(port):
            return port
    message = f"no free port between {_FIRST_PORT} and {_LAST_PORT} in {_ATTEMPTS_MAX} attempts"
    raise OSError(message)
