"""Executions as files: written by one installation, read by another."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final

import grpc.aio

from timeloom import _convert as convert
from timeloom._calls import Connection
from timeloom.aio._files import Progress, saved
from timeloom.final_status import CALL_OVER, FinalStatus
from timeloom.resources import Execution
from timeloom.snapshots.v1 import time_travel_service_pb2 as pb

CHUNK_BYTES: Final = 256 * 1024
TIMEOUT_SECONDS: Final = 600.0

_Upload = grpc.aio.StreamUnaryCall[pb.ImportExecutionRequest, pb.ImportExecutionResponse]


class AsyncTransfers:
    """Export and import: the part of executions that moves."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def export_stream(self, execution_id: str) -> AsyncGenerator[bytes, None]:
        """Yield an execution as one self-contained file, in parts."""
        request = pb.ExportExecutionRequest(execution_id=execution_id)
        method = self._connection.time_travel.ExportExecution
        async for response in self._connection.stream(method, request):
            yield response.chunk

    async def export(
        self, execution_id: str, to: str | Path | BinaryIO, *, progress: Progress | None = None
    ) -> int:
        """Write an execution to a file that another installation can import, and return its size in bytes.

        A path is written as a whole or not at all.

        Args:
            execution_id: The execution.
            to: A path, or a file that is open for writing bytes.
            progress: Told how many bytes were written so far.
        """
        return await saved(self.export_stream(execution_id), to, progress)

    async def import_(self, source: str | Path | BinaryIO, *, progress: Progress | None = None) -> Execution:
        """Make an execution from an exported file; a file that fails a check leaves nothing behind.

        Args:
            source: A path, or a file that is open for reading bytes.
            progress: Told how many bytes were sent so far.

        Raises:
            DamagedFileError: The file is truncated or was changed; the message names the place.
            AlreadyExistsError: The execution is here already.
        """
        if isinstance(source, str | Path):
            with await asyncio.to_thread(Path(source).open, "rb") as file:
                return await self._send(file, progress)
        return await self._send(source, progress)

    async def _send(self, file: BinaryIO, progress: Progress | None) -> Execution:
        call: _Upload = self._connection.time_travel.ImportExecution(
            metadata=self._connection.metadata, timeout=TIMEOUT_SECONDS
        )
        status = FinalStatus(call)
        try:
            await _write(call, file, progress)
            response = await call
        except grpc.aio.AioRpcError as fault:
            raise self._connection.failed(await status.of(fault) or fault) from None
        finally:
            call.cancel()
        return convert.execution(response.execution)


async def _write(call: _Upload, file: BinaryIO, progress: Progress | None) -> None:
    """Send a file, as far as the server wants it."""
    size = 0
    while chunk := await asyncio.to_thread(file.read, CHUNK_BYTES):
        try:
            await call.write(pb.ImportExecutionRequest(chunk=chunk))
        except CALL_OVER:
            return
        size += len(chunk)
        if progress is not None:
            progress(size)
    with suppress(*CALL_OVER):
        await call.done_writing()
