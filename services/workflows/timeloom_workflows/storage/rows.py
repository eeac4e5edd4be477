"""Rows of executions, steps and the history as the values that they stand for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

import asyncpg
import msgspec

from timeloom_workflows.model import (
    Execution,
    Failure,
    HistoryRecord,
    HistoryType,
    Stage,
    Status,
    Step,
    StepStage,
    StepStatus,
    StepType,
    TriggerType,
    WaitReason,
    WorkflowKind,
)

Row: TypeAlias = Mapping[str, Any] | asyncpg.Record

_EXECUTION: Final = """
    project_id, id, workflow_id, workflow_version, kind, status, stage, priority, trigger, waiting_for,
    paused, cancelling, token, inbox, delivery, retry_count, history_length,
    step_count, succeeded_step_count, failed_step_count, owner, ready_time, due_time, deadline,
    create_time, start_time, update_time, end_time, parent_id, parent_step_id, forked_from_id,
    forked_from_step_id, trigger_id, idempotency_key, traceparent, holds_slots, tags, attributes
"""
EXECUTION_COLUMNS: Final = f"{_EXECUTION}, input, output, error"
EXECUTION_COLUMNS_LIGHT: Final = f"{_EXECUTION}, NULL::text AS input, NULL::text AS output, error"
"""Without the documents, which lie beside the table if they are large."""

_STEP: Final = """
    execution_id, id, position, type, status, waiting_for, stage, priority, attempt, token, owner, ready_time,
    wake_time, create_time, start_time, end_time, parent_id, task, waiting_name, details, worker_id
"""
STEP_COLUMNS: Final = f"{_STEP}, input, output, error, progress"
STEP_COLUMNS_LIGHT: Final = f"{_STEP}, NULL::text AS input, NULL::text AS output, error, progress"
"""Without input and output."""

HISTORY_COLUMNS: Final = "sequence, type, attempt, time, step_id, attributes"


def execution_of(row: Row) -> Execution:
    """Returns the execution of a row that has its columns."""
    values = dict(row)
    values["kind"] = WorkflowKind(row["kind"])
    values["status"] = Status(row["status"])
    values["stage"] = Stage(row["stage"])
    values["trigger"] = TriggerType(row["trigger"])
    values["waiting_for"] = WaitReason(row["waiting_for"])
    for name in ("attributes", "input", "output", "error"):
        values[name] = bytes_of(row[name])
    return Execution(**values)


def step_of(row: Row) -> Step:
    """Returns the step of a row that has its columns."""
    values = dict(row)
    values["type"] = StepType(row["type"])
    values["status"] = StepStatus(row["status"])
    values["waiting_for"] = WaitReason(row["waiting_for"])
    values["stage"] = StepStage(row["stage"])
    for name in ("details", "input", "output", "error", "progress"):
        values[name] = bytes_of(row[name])
    return Step(**values)


def history_of(row: Row) -> HistoryRecord:
    """Returns the entry of a row that has its columns."""
    values = dict(row)
    values["type"] = HistoryType(row["type"])
    values["attributes"] = bytes_of(row["attributes"])
    return HistoryRecord(**values)


def failure_of(error: bytes | None) -> Failure | None:
    """Returns why something failed, as the tables keep it."""
    return None if error is None else msgspec.json.decode(error, type=Failure)


def text_of(document: bytes | None) -> str | None:
    """Returns a document as the tables keep it."""
    return None if document is None else document.decode()


def bytes_of(text: str | None) -> bytes | None:
    """Returns a document as it came."""
    return None if text is None else text.encode()
