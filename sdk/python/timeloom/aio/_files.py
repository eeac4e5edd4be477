"""What comes as a stream of bytes, written to a file."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from pathlib import Path
from typing import BinaryIO

Progress = Callable[[int], None]
"""Told how many bytes have passed so far."""


async def saved(chunks: AsyncGenerator[bytes], to: str | Path | BinaryIO, progress: Progress | None) -> int:
    """Write chunks to a file and return its size in bytes; a path is written as a whole or not at all."""
    if not isinstance(to, str | Path):
        return await _copied(chunks, to, progress)
    path = Path(to)
    unfinished = path.with_name(f"{path.name}.part")
    try:
        with await asyncio.to_thread(unfinished.open, "wb") as file:
            size = await _copied(chunks, file, progress)
        await asyncio.to_thread(unfinished.replace, path)
    finally:
        await asyncio.to_thread(unfinished.unlink, missing_ok=True)
    return size


async def _copied(chunks: AsyncGenerator[bytes], file: BinaryIO, progress: Progress | None) -> int:
    size = 0
    async with aclosing(chunks):
        async for chunk in chunks:
            await asyncio.to_thread(file.write, chunk)
            size += len(chunk)
            if progress is not None:
                progress(size)
    return size
