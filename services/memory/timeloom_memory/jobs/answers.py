"""Jobs as the contract's messages, and what is told of them."""

from __future__ import annotations

from typing import Final

from timeloom.events.v1 import events_pb2
from timeloom.memory.v1 import memory_pb2
from timeloom_memory.jobs.model import Job
from timeloom_platform.times import timestamp

TOPICS: Final = "memory/jobs/"


def job_message(job: Job) -> memory_pb2.Job:
    """Returns a job."""
    message = memory_pb2.Job(
        id=str(job.id),
        kind=memory_pb2.JobKind.ValueType(job.kind),
        namespace=job.namespace,
        state=memory_pb2.JobState.ValueType(job.state),
        dry_run=job.dry_run,
        phase=job.phase,
        done_count=job.done_count,
        total_count=job.total_count,
        report=b"" if job.report is None else job.report.encode(),
        error=job.error,
        create_time=timestamp(job.create_time),
        update_time=timestamp(job.update_time),
    )
    if job.end_time is not None:
        message.end_time.CopyFrom(timestamp(job.end_time))
    return message


def job_updated(job: Job) -> events_pb2.Event:
    """Tells that a job got on; its report is read where it is kept."""
    event = events_pb2.Event(topic=f"{TOPICS}{job.id}")
    event.memory_job_updated.job.CopyFrom(job_message(job))
    event.memory_job_updated.job.report = b""
    return event
