"""Runs a local model in one thread of its own, in batches of texts that are about as long.

Who comes while a batch runs joins the next one. A batch holds texts of neighbouring lengths, because the
shorter ones are padded. Every other batch begins with the shortest text of all, so that a question need not
wait for a long import, and every other with the one that has waited longest, so that no text waits for ever.
"""

from __future__ import annotations

import asyncio
import threading
from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Any, Final, Generic

import numpy as np
import structlog

from timeloom_memory.embedding.errors import ModelFilesError
from timeloom_memory.embedding.protocols import LocalModel, Prepared, Vectors
from timeloom_platform.errors import OverloadedError, TimeloomError, UnavailableError

BATCH_TOKENS_MAX: Final = 256
"""Measured: more is not faster on one core, and a question would wait longer."""

WAITING_TEXTS_MAX: Final = 20_000
RETRY_AFTER_SECONDS: Final = 1.0
IDLE_SECONDS: Final = 600.0

logger = structlog.get_logger(__name__)


@dataclass(slots=True, kw_only=True)
class _Call:
    """Texts that came together, and where their vectors go."""

    texts: Sequence[str]
    vectors: Vectors
    answer: asyncio.Future[Vectors]
    loop: asyncio.AbstractEventLoop
    missing_count: int = 0
    is_over: bool = False

    def succeed(self) -> None:
        self._end(self._set_result)

    def fail(self, error: Exception) -> None:
        self.is_over = True
        self._end(self._set_error, error)

    def _end(self, callback: Any, *arguments: object) -> None:
        # The loop of a caller that went away is closed.
        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(callback, *arguments)

    def _set_result(self) -> None:
        if not self.answer.done():
            self.answer.set_result(self.vectors)

    def _set_error(self, error: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)


@dataclass(slots=True, kw_only=True)
class _Piece(Generic[Prepared]):
    """A text of a call, or a part of one, ready for the model."""

    call: _Call
    row: int
    prepared: Prepared
    size: int
    number: int


@dataclass(slots=True, kw_only=True)
class Waiting(Generic[Prepared]):
    """The pieces that wait, by their length. Used by one thread."""

    tokens_max: int = BATCH_TOKENS_MAX
    pieces: list[_Piece[Prepared]] = field(default_factory=list["_Piece[Prepared]"])
    _is_oldest_due: bool = False

    def add(self, piece: _Piece[Prepared]) -> None:
        """Puts a piece into its place."""
        insort(self.pieces, piece, key=lambda each: each.size)

    def take(self) -> list[_Piece[Prepared]]:
        """Takes a batch out; empty if nothing waits. What nobody waits for any more is dropped."""
        self.pieces = [each for each in self.pieces if not each.call.is_over]
        if not self.pieces:
            return []
        start, end = self._around_oldest() if self._is_oldest_due else self._from_shortest()
        self._is_oldest_due = not self._is_oldest_due
        batch = self.pieces[start:end]
        del self.pieces[start:end]
        return batch

    def _from_shortest(self) -> tuple[int, int]:
        return 0, self._filled(0, 1)

    def _around_oldest(self) -> tuple[int, int]:
        """The oldest text with the next shorter ones, which are padded; with longer ones if there is room."""
        place = min(range(len(self.pieces)), key=lambda index: self.pieces[index].number)
        count = max(self.tokens_max // self.pieces[place].size, 1)
        start = max(place + 1 - count, 0)
        return start, self._filled(start, place + 1)

    def _filled(self, start: int, end: int) -> int:
        """Returns the end of a batch that goes on to longer texts until it is full."""
        while end < len(self.pieces) and (end - start + 1) * self.pieces[end].size <= self.tokens_max:
            end += 1
        return end


class BatchedEmbedder(Generic[Prepared]):
    """An embedder on a model that computes here, loaded at the first text and unloaded when idle."""

    def __init__(self, model: LocalModel[Prepared], *, name: str, idle_seconds: float = IDLE_SECONDS) -> None:
        self._model = model
        self._name = name
        self._idle_seconds = idle_seconds
        self._arrivals: SimpleQueue[_Call | None] = SimpleQueue()
        self._waiting: Waiting[Prepared] = Waiting()
        self._waiting_count = 0
        self._number = 0
        self._thread: threading.Thread | None = None
        self._is_loaded = False
        self._is_closed = False

    @property
    def dimension(self) -> int:
        """How many dimensions its vectors have."""
        return self._model.dimension

    @property
    def is_loaded(self) -> bool:
        """Whether the model is in memory."""
        return self._is_loaded

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """Returns a row for each text, which is the sum of those of its pieces.

        Raises:
            OverloadedError: Too many texts wait already.
            UnavailableError: The model cannot be loaded, or the service is about to stop.
        """
        if self._is_closed:
            raise UnavailableError("The service is about to stop.", retry_after_seconds=RETRY_AFTER_SECONDS)
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        if not texts:
            return vectors
        if self._waiting_count + len(texts) > WAITING_TEXTS_MAX:
            raise OverloadedError(
                "Too many texts wait for their vectors.", retry_after_seconds=RETRY_AFTER_SECONDS
            )
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Vectors] = loop.create_future()
        call = _Call(texts=texts, vectors=vectors, answer=answer, loop=loop)
        self._waiting_count += len(texts)
        self._arrivals.put(call)
        self._start_thread()
        try:
            return await answer
        finally:
            call.is_over = True
            self._waiting_count -= len(texts)

    async def close(self) -> None:
        """Lets the running batch end and frees the model; who still waits is told that the service stops."""
        self._is_closed = True
        if self._thread is not None:
            self._arrivals.put(None)
            await asyncio.to_thread(self._thread.join)

    def _start_thread(self) -> None:
        if self._thread is None:
            # A daemon: a process that dies does not wait for a batch.
            self._thread = threading.Thread(target=self._work, name=f"embed {self._name}", daemon=True)
            self._thread.start()

    def _work(self) -> None:
        try:
            while self._accept_arrivals():
                batch = self._waiting.take()
                if batch:
                    self._run(batch)
        finally:
            self._unload()
            stopping = UnavailableError("The service is about to stop.")
            for each in self._waiting.pieces:
                each.call.fail(stopping)

    def _accept_arrivals(self) -> bool:
        """Takes in who came, and waits for somebody if there is nothing to do; False if this is the end."""
        try:
            while True:
                call = self._next_arrival()
                if call is None:
                    return False
                self._accept(call)
        except Empty:
            return True

    def _next_arrival(self) -> _Call | None:
        if self._waiting.pieces:
            return self._arrivals.get_nowait()
        if not self._is_loaded:
            return self._arrivals.get()
        try:
            return self._arrivals.get(timeout=self._idle_seconds)
        except Empty:
            self._unload()
            return self._arrivals.get()

    def _accept(self, call: _Call) -> None:
        try:
            self._load()
            for row, text in enumerate(call.texts):
                for prepared in self._model.prepare(text):
                    size = self._model.size(prepared)
                    self._number += 1
                    call.missing_count += 1
                    self._waiting.add(
                        _Piece(call=call, row=row, prepared=prepared, size=size, number=self._number)
                    )
        except Exception as error:  # noqa: BLE001 - the thread goes on for the others, whatever is wrong here
            call.fail(self._told(error))

    def _run(self, batch: Sequence[_Piece[Prepared]]) -> None:
        try:
            vectors = self._model.run([each.prepared for each in batch])
        except Exception as error:  # noqa: BLE001 - as above: these calls fail, the thread goes on
            told = self._told(error)
            for each in batch:
                each.call.fail(told)
            return
        for each, vector in zip(batch, vectors, strict=True):
            each.call.vectors[each.row] += vector
            each.call.missing_count -= 1
            if not each.call.missing_count:
                each.call.succeed()

    def _told(self, error: Exception) -> TimeloomError:
        if isinstance(error, TimeloomError):
            return error
        logger.error("model failed", model=self._name, exc_info=error)
        reason = str(error) if isinstance(error, ModelFilesError) else "see the service's log"
        return UnavailableError(f"The model {self._name} cannot be used: {reason}.")

    def _load(self) -> None:
        if not self._is_loaded:
            self._model.load()
            self._is_loaded = True
            logger.info("model loaded", model=self._name)

    def _unload(self) -> None:
        if self._is_loaded:
            self._is_loaded = False
            self._model.unload()
            logger.info("model unloaded", model=self._name)
