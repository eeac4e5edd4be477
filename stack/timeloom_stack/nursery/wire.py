"""How the supervisor asks the nursery for a process: a length with descriptors, then JSON."""

import json
import socket
import struct
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import NamedTuple, Self

HEADER = struct.Struct("<I")
MESSAGE_BYTES_MAX = 4 * 1024 * 1024
"""Twice what Linux takes as arguments and environment of a process."""


class Descriptors(NamedTuple):
    """What comes along with a birth."""

    output: int
    errors: int
    word: int
    """Where the newborn waits for the word to go on; that it is closed instead means that nobody wants it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Birth:
    """A process to fork: `command` is what exec would be given, `module` and `arguments` are its end."""

    command: tuple[str, ...]
    module: str
    arguments: tuple[str, ...]
    directory: str
    environment: Mapping[str, str] = field(repr=False)
    parent: int
    parent_death_signal: int

    def to_message(self) -> bytes:
        """As JSON; in ASCII, in which names that are no UTF-8 pass unharmed."""
        return json.dumps(asdict(self)).encode("ascii")

    @classmethod
    def from_message(cls, message: bytes) -> Self:
        """The reverse."""
        document = json.loads(message)
        for name in ("command", "arguments"):
            document[name] = tuple(document[name])
        return cls(**document)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The id of the process, which waits for the word; or why there is none."""

    pid: int = 0
    problem: str = ""

    def to_message(self) -> bytes:
        """As JSON."""
        return json.dumps(asdict(self)).encode("ascii")

    @classmethod
    def from_message(cls, message: bytes) -> Self:
        """The reverse."""
        return cls(**json.loads(message))


def receive_birth(connection: socket.socket) -> tuple[Birth, Descriptors] | None:
    """Waits for the next request; None if there will be none any more."""
    header, descriptors, _, _ = socket.recv_fds(connection, HEADER.size, len(Descriptors._fields))
    if len(header) < HEADER.size:
        return None
    message = bytearray()
    remaining = message_bytes(header)
    while remaining:
        chunk = connection.recv(remaining)
        if not chunk:
            return None
        message += chunk
        remaining -= len(chunk)
    return Birth.from_message(bytes(message)), Descriptors(*descriptors)


def send_answer(connection: socket.socket, answer: Answer) -> None:
    """Answers the last request."""
    message = answer.to_message()
    connection.sendall(HEADER.pack(len(message)) + message)


def message_bytes(header: bytes) -> int:
    """The length of the message that follows; a ValueError if it cannot be."""
    (length,) = HEADER.unpack(header)
    if length > MESSAGE_BYTES_MAX:
        raise ValueError(f"a message of {length} bytes is longer than {MESSAGE_BYTES_MAX}")
    return int(length)
