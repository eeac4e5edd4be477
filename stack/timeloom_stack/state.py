"""What the supervisor tells about itself in `state.json`, for `status`, `down` and `logs`."""

import time
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Literal, Self

import msgspec

from timeloom_stack.files import write_atomically


class ProcessState(StrEnum):
    """Where a supervised process stands."""

    WAITING = "waiting"
    STARTING = "starting"
    READY = "ready"
    RESTARTING = "restarting"
    FAILED = "failed"
    STOPPING = "stopping"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessRecord:
    """One supervised process; `start_time` is in seconds since the epoch."""

    name: str
    state: ProcessState = ProcessState.WAITING
    pid: int | None = None
    address: str = ""
    restarts: int = 0
    start_time: float | None = None
    last_exit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StackRecord:
    """The whole stack. `start_seconds` is from the start of the command until everything was ready."""

    pid: int
    version: str
    data_dir: str
    http_url: str
    grpc_address: str
    otlp_endpoint: str = ""
    otlp_http_endpoint: str = ""
    start_kind: Literal["cold", "warm"]
    start_time: float = field(default_factory=time.time)
    start_seconds: float | None = None
    processes: tuple[ProcessRecord, ...] = ()

    @property
    def is_ready(self) -> bool:
        """Whether it has been ready and every process is now."""
        return self.start_seconds is not None and all(
            process.state is ProcessState.READY for process in self.processes
        )

    def with_process(self, record: ProcessRecord) -> Self:
        """The same stack with one process's record replaced."""
        processes = tuple(record if each.name == record.name else each for each in self.processes)
        return replace(self, processes=processes)

    def write(self, file: Path) -> None:
        """Replaces the file."""
        write_atomically(file, msgspec.json.encode(self).decode())

    @classmethod
    def read(cls, file: Path) -> Self | None:
        """Reads the file; None if there is none, or if it is not what we wrote."""
        try:
            return msgspec.json.decode(file.read_bytes(), type=cls)
        except (OSError, msgspec.MsgspecError):
            return None
