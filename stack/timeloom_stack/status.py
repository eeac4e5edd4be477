"""What runs, where, since when, and how much memory it takes."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from timeloom_stack import locks, memory
from timeloom_stack.directory import DataDirectory
from timeloom_stack.state import ProcessRecord, StackRecord
from timeloom_stack.versions import all_versions


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessStatus:
    """A process as `status` shows it; times in seconds, memory in bytes (PSS)."""

    record: ProcessRecord
    uptime_seconds: float | None
    pss_bytes: int | None

    def to_document(self) -> Mapping[str, Any]:
        """For `--json`."""
        return {
            "name": self.record.name,
            "state": self.record.state,
            "address": self.record.address,
            "pid": self.record.pid,
            "uptimeSeconds": self.uptime_seconds,
            "restarts": self.record.restarts,
            "lastExit": self.record.last_exit,
            "pssBytes": self.pss_bytes,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class StackStatus:
    """The stack in one data directory; `record` is None while its file cannot be read.

    The supervisor's memory includes its helpers', which run while the stack starts.
    """

    data_dir: str
    is_running: bool
    record: StackRecord | None
    supervisor_pss_bytes: int | None
    processes: tuple[ProcessStatus, ...]
    versions: Mapping[str, str]

    @property
    def is_ready(self) -> bool:
        """Whether every process is."""
        return self.is_running and self.record is not None and self.record.is_ready

    @property
    def pss_bytes(self) -> int:
        """Of everything, the supervisor included."""
        return (self.supervisor_pss_bytes or 0) + sum(each.pss_bytes or 0 for each in self.processes)

    def to_document(self) -> Mapping[str, Any]:
        """For `--json`."""
        document: dict[str, Any] = {
            "running": self.is_running,
            "ready": self.is_ready,
            "dataDir": self.data_dir,
            "versions": dict(self.versions),
        }
        if self.record is None:
            return document
        return document | {
            "supervisor": {"pid": self.record.pid, "pssBytes": self.supervisor_pss_bytes},
            "httpUrl": self.record.http_url,
            "grpcAddress": self.record.grpc_address,
            "otlpEndpoint": self.record.otlp_endpoint,
            "otlpHttpEndpoint": self.record.otlp_http_endpoint,
            "start": {"kind": self.record.start_kind, "seconds": self.record.start_seconds},
            "uptimeSeconds": round(time.time() - self.record.start_time, 1),
            "processes": [each.to_document() for each in self.processes],
            "pssBytes": self.pss_bytes,
        }


def read_status(directory: DataDirectory) -> StackStatus:
    """Looks at the lock, the supervisor's record and the processes."""
    is_running = locks.is_held(directory.lock_file)
    record = StackRecord.read(directory.state_file) if is_running else None
    return StackStatus(
        data_dir=str(directory.root),
        is_running=is_running,
        record=record,
        supervisor_pss_bytes=_supervisor_bytes(record) if record else None,
        processes=tuple(_status_of(each) for each in record.processes) if record else (),
        versions=all_versions(),
    )


def _supervisor_bytes(record: StackRecord) -> int | None:
    supervised = frozenset(each.pid for each in record.processes if each.pid is not None)
    return memory.proportional_bytes_without(record.pid, supervised)


def _status_of(record: ProcessRecord) -> ProcessStatus:
    uptime = round(time.time() - record.start_time, 1) if record.pid and record.start_time else None
    return ProcessStatus(
        record=record,
        uptime_seconds=uptime,
        pss_bytes=memory.proportional_bytes(record.pid) if record.pid else None,
    )
