"""A process in which expressions are evaluated that may take long, so that nobody waits and nothing is lost.

The evaluator cannot be interrupted, keeps all other threads waiting, and has no bound but the number of turns
that comprehensions take: a `map` over 9,000 elements takes more than a second, because each turn copies the
list, and comparing long lists in each turn takes minutes. Here the operating system keeps the bounds: a timer
of processor time, which runs no faster on a busy machine, and the memory that the process may have. What
exceeds them ends the process; the next question starts another one.
"""

from __future__ import annotations

import atexit
import marshal
import resource
import signal
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import IO, Any, Final, NamedTuple

CPU_SECONDS_MAX: Final = 0.5
MEMORY_BYTES_MAX: Final = 2 * 1024**3

_LENGTH: Final = struct.Struct("<I")


class Answer(NamedTuple):
    """What an expression over JSON values comes to.

    Attributes:
        value: JSON; None if there is a problem.
        problem: Why there is no value; empty if there is one.
        is_missing: The problem is that it names something that is not there.
    """

    value: Any
    problem: str = ""
    is_missing: bool = False


class ExpressionProcess:
    """Starts with the first question, and ends with this process; threads take turns."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, text: str, variables: Mapping[str, Any], *, is_condition: bool) -> Answer:
        """Tell what an expression over JSON values comes to; of a condition, whether it is true."""
        question = marshal.dumps((text, dict(variables), is_condition))
        with self._lock:
            process = self._running() or self._start()
            assert process.stdin is not None, "it was asked for"
            assert process.stdout is not None, "likewise"
            try:
                _write(process.stdin, question)
                answer = _read(process.stdout)
            except BrokenPipeError:
                answer = None
            if answer is None:
                return Answer(None, self._end())
        return Answer(*marshal.loads(answer))  # noqa: S302 - it comes from this very module

    def close(self) -> None:
        """End the process, if there is one."""
        with self._lock:
            self._end()

    def _running(self) -> subprocess.Popen[bytes] | None:
        if self._process is not None and self._process.poll() is not None:
            self._end()  # somebody else has ended it, between two questions
        return self._process

    def _start(self) -> subprocess.Popen[bytes]:
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        atexit.register(self.close)
        return self._process

    def _end(self) -> str:
        """Let go of the process, and return why it has not answered."""
        process, self._process = self._process, None
        if process is None:
            return ""
        atexit.unregister(self.close)
        # What it was still to be told is lost.
        with suppress(BrokenPipeError), process:
            pass
        if process.returncode == -signal.SIGPROF:
            return f"takes more than {CPU_SECONDS_MAX} seconds"
        return "takes more memory than there is"


def serve(
    answer: Callable[[str, Mapping[str, Any], bool], Answer], questions: IO[bytes], answers: IO[bytes]
) -> None:
    """Answer questions until there are no more.

    Args:
        answer: Answers one: an expression, its variables, and whether it is a condition.
        questions: Where they come from.
        answers: Where the answers go to.
    """
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX))
    while (question := _read(questions)) is not None:
        text, variables, is_condition = marshal.loads(question)  # noqa: S302 - likewise
        signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS_MAX)
        found = answer(text, variables, is_condition)
        signal.setitimer(signal.ITIMER_PROF, 0)
        _write(answers, marshal.dumps(tuple(found)))


def _write(stream: IO[bytes], message: bytes) -> None:
    stream.write(_LENGTH.pack(len(message)))
    stream.write(message)
    stream.flush()


def _read(stream: IO[bytes]) -> bytes | None:
    """Return the next message; None if there is none any more, or not the whole of it."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    message = stream.read(length)
    return message if len(message) == length else None


def _main() -> None:
    from timeloom_platform.expressions import answer  # noqa: PLC0415 - which asks this module

    serve(answer, sys.stdin.buffer, sys.stdout.buffer)


if __name__ == "__main__":
    _main()
