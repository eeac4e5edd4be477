"""`python -P -m timeloom_stack.nursery DESCRIPTOR`: forks a process for each request from the socket."""

import gc
import importlib
import os
import runpy
import socket
import struct
import sys
from pathlib import Path

from timeloom_stack.nursery import newborn
from timeloom_stack.nursery.wire import Answer, Birth, Descriptors, receive_birth, send_answer

COMMON = (
    "google.api.annotations_pb2",
    "timeloom.identity.v1.identity_service_pb2_grpc",
    "timeloom_platform.consumer",
    "timeloom_platform.outbox",
    "timeloom_platform.room",
)
"""What services stand on, and with it the libraries that all of them import; no room is known here."""

_PID = struct.Struct("<i")


def main() -> None:
    """Forks until the supervisor closes the socket; in a process that was forked, runs its module."""
    connection = socket.socket(fileno=int(sys.argv[1]))
    for name in COMMON:
        importlib.import_module(name)
    _refuse_threads()
    newborn.make_room_for_titles()
    gc.collect()
    # A collector that looked at what was imported would write to it, and so unshare its memory.
    gc.freeze()
    birth = _serve(connection)
    if birth is None:
        # The supervisor waits, and there is nothing to tidy up.
        os._exit(0)
    runpy.run_module(birth.module, run_name="__main__", alter_sys=True)


def _refuse_threads() -> None:
    """A fork has none of its parent's threads, but all the locks that they held."""
    threads = sum(1 for _ in Path("/proc/self/task").iterdir())
    if threads > 1:
        sys.exit(
            f"a library has started threads while it was imported ({threads - 1}): nothing can be forked"
        )


def _serve(connection: socket.socket) -> Birth | None:
    """Answers requests; returns None at the end, and in a process that was forked what it was forked for."""
    while (request := receive_birth(connection)) is not None:
        birth, descriptors = request
        try:
            pid = _fork()
        except OSError as error:
            answer = Answer(problem=f"it cannot fork: {error.strerror}")
        else:
            if pid == 0:
                connection.close()
                newborn.settle(birth, descriptors)
                return birth
            answer = Answer(pid=pid)
        _close(descriptors)
        send_answer(connection, answer)
    return None


def _fork() -> int:
    """Forks a process that is not our child but, when this returns, our parent's: 0 in it, else its id.

    Our own child forks it and ends: the kernel gives what it leaves behind to the next subreaper above.
    """
    read_end, write_end = os.pipe()
    between = os.fork()
    if between == 0:
        pid = _fork_and_leave(write_end)
        os.close(read_end)
        return pid
    os.close(write_end)
    with os.fdopen(read_end, "rb") as reader:
        told = reader.read(_PID.size)
    os.waitpid(between, 0)
    if len(told) < _PID.size:
        raise OSError(0, "the process between has failed")
    return int(_PID.unpack(told)[0])


def _fork_and_leave(write_end: int) -> int:
    """Returns 0 in the process that is forked, and nowhere else."""
    try:
        pid = os.fork()
        if pid == 0:
            os.close(write_end)
            return 0
        os.write(write_end, _PID.pack(pid))
    except OSError:
        os._exit(1)
    os._exit(0)


def _close(descriptors: Descriptors) -> None:
    for each in descriptors:
        os.close(each)


if __name__ == "__main__":
    main()
