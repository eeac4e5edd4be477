"""Why a file was refused is told, although the server says so before it has the whole of it."""

from __future__ import annotations

import io
import os

import pytest

from tests.integration.sdk.service import Service
from timeloom import Timeloom, errors
from timeloom.client import RecordedExecution

LARGE = os.urandom(4 * 1024 * 1024)


@pytest.mark.parametrize(
    ("key", "beginning", "error"),
    [
        ("reader_key", b"", errors.MissingScopeError),
        ("api_key", b"no file of ours", errors.DamagedFileError),
        ("api_key", b"", errors.DamagedFileError),
    ],
    ids=["not allowed", "no file", "noise"],
)
def test_a_refused_import_says_why(
    service: Service, key: str, beginning: bytes, error: type[errors.TimeloomError]
) -> None:
    with Timeloom(api_key=getattr(service, key), grpc_address=service.address) as client:
        for _ in range(100):
            with pytest.raises(error):
                client.executions.import_(io.BytesIO(beginning + LARGE))


def test_a_refused_stream_says_why(service: Service) -> None:
    with Timeloom(api_key=service.api_key, grpc_address=service.address) as writer:
        with writer.record(agent_id="agent") as execution:
            execution.step("first", {"n": 0})
        writer.executions.rollback(execution.id, 1, expected_head_sequence=1, reopen=True)
    for _ in range(50):
        with (
            Timeloom(api_key=service.reader_key, grpc_address=service.address) as reader,
            pytest.raises(errors.MissingScopeError),
            reader.resume(execution.id) as live,
        ):
            _record_much(live)


def _record_much(execution: RecordedExecution) -> None:
    for number in range(20):
        execution.step("more", {"n": number, "text": LARGE[:500_000].hex()}, wait=False)
    execution.step("last", {})
