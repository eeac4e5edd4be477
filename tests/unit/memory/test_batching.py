"""How texts share batches, and how a local model is loaded, used and let go."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from timeloom_memory.embedding import batching
from timeloom_memory.embedding.batching import BatchedEmbedder
from timeloom_memory.embedding.errors import ModelFilesError
from timeloom_memory.embedding.protocols import Vectors
from timeloom_platform.errors import OverloadedError, UnavailableError
from timeloom_platform.testing.conditions import eventually


class Lengths:
    """A model whose vector of a text is its length, and that runs only while the gate is open."""

    def __init__(self) -> None:
        self.dimension = 1
        self.batches: list[list[str]] = []
        self.events: list[str] = []
        self.gate = threading.Event()
        self.gate.set()
        self.is_running = threading.Event()
        self.fault: Exception | None = None

    def load(self) -> None:
        self.events.append("load")
        if isinstance(self.fault, ModelFilesError):
            raise self.fault

    def unload(self) -> None:
        self.events.append("unload")

    def prepare(self, text: str) -> Sequence[str]:
        return text.split("|")

    def size(self, prepared: str) -> int:
        return len(prepared)

    def run(self, batch: Sequence[str]) -> Vectors:
        self.is_running.set()
        self.gate.wait(10)
        self.is_running.clear()
        if self.fault:
            raise self.fault
        self.batches.append(list(batch))
        return np.array([[len(text)] for text in batch], np.float32)


async def _embedded(texts: Sequence[str], **options: Any) -> tuple[list[float], Lengths]:
    model = Lengths()
    embedder = BatchedEmbedder(model, name="lengths", **options)
    vectors = await embedder.embed(texts)
    await embedder.close()
    return vectors[:, 0].tolist(), model


@given(st.lists(st.integers(1, 400), min_size=1, max_size=60))
def test_every_text_gets_its_vector_and_no_batch_is_too_large(lengths: list[int]) -> None:
    found, model = asyncio.run(_embedded(["x" * length for length in lengths]))
    assert found == lengths
    for batch in model.batches:
        assert len(batch) == 1 or len(batch) * max(map(len, batch)) <= batching.BATCH_TOKENS_MAX


async def test_the_vector_of_a_text_is_the_sum_of_its_pieces() -> None:
    found, model = await _embedded(["four", "ab|c|" + "x" * 300, "|"])
    assert found == [4, 303, 0]
    assert sorted(map(len, model.batches[-1])) == [300]


async def test_texts_of_a_batch_are_about_as_long() -> None:
    _, model = await _embedded(["x" * length for length in (100, 3, 101, 2, 99, 1)])
    assert [sorted(map(len, batch)) for batch in model.batches] == [[1, 2, 3], [99, 100], [101]]


async def test_who_comes_while_a_batch_runs_joins_the_next_one() -> None:
    model = Lengths()
    embedder = BatchedEmbedder(model, name="lengths")
    model.gate.clear()
    first = asyncio.create_task(embedder.embed(["first"]))
    await eventually(model.is_running.is_set)
    others = [asyncio.create_task(embedder.embed([text])) for text in ("one", "other")]
    await asyncio.sleep(0)
    model.gate.set()
    await asyncio.gather(first, *others)
    assert model.batches == [["first"], ["one", "other"]]
    await embedder.close()


async def test_a_question_does_not_wait_for_an_import() -> None:
    model = Lengths()
    embedder = BatchedEmbedder(model, name="lengths")
    model.gate.clear()
    importing = asyncio.create_task(embedder.embed(["x" * 200] * 20))
    await eventually(model.is_running.is_set)
    question = asyncio.create_task(embedder.embed(["why?"]))
    await asyncio.sleep(0)
    model.gate.set()
    await asyncio.gather(importing, question)
    places = [batch[0] for batch in model.batches]
    assert places.index("why?") <= 2
    await embedder.close()


async def test_what_nobody_waits_for_any_more_is_not_made() -> None:
    model = Lengths()
    embedder = BatchedEmbedder(model, name="lengths")
    model.gate.clear()
    first = asyncio.create_task(embedder.embed(["first"]))
    await eventually(model.is_running.is_set)
    given_up = asyncio.create_task(embedder.embed(["given up"]))
    await asyncio.sleep(0)
    given_up.cancel()
    await asyncio.wait([given_up])
    model.gate.set()
    await first
    await embedder.embed(["last"])
    assert model.batches == [["first"], ["last"]]
    await embedder.close()


async def test_a_model_is_loaded_at_the_first_text_and_unloaded_without_any() -> None:
    model = Lengths()
    embedder = BatchedEmbedder(model, name="lengths", idle_seconds=0.01)
    assert (embedder.is_loaded, model.events) == (False, [])
    await embedder.embed(["a"])
    await eventually(lambda: model.events == ["load", "unload"])
    assert not embedder.is_loaded
    await embedder.embed(["b"])
    await embedder.close()
    assert model.events == ["load", "unload"] * 2


async def test_a_fault_fails_its_calls_and_no_others() -> None:
    model = Lengths()
    embedder = BatchedEmbedder(model, name="lengths")
    model.fault = ArithmeticError("secret")
    with pytest.raises(UnavailableError, match="lengths cannot be used: see the service's log"):
        await embedder.embed(["a"])
    model.fault = None
    assert (await embedder.embed(["abc"])).tolist() == [[3.0]]
    await embedder.close()


async def test_a_model_that_cannot_be_loaded_says_why_and_is_tried_again() -> None:
    model = Lengths()
    embedder = BatchedEmbedder(model, name="lengths")
    model.fault = ModelFilesError("the weights are missing")
    with pytest.raises(UnavailableError, match="the weights are missing"):
        await embedder.embed(["a"])
    model.fault = None
    assert (await embedder.embed(["abc"])).tolist() == [[3.0]]
    await embedder.close()


async def test_more_than_can_wait_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batching, "WAITING_TEXTS_MAX", 3)
    model = Lengths()
    embedder = BatchedEmbedder(model, name="lengths")
    model.gate.clear()
    first = asyncio.create_task(embedder.embed(["a", "b"]))
    await eventually(model.is_running.is_set)
    with pytest.raises(OverloadedError):
        await embedder.embed(["c", "d"])
    model.gate.set()
    await first
    await embedder.embed(["c", "d", "e"])
    await embedder.close()


async def test_who_waits_when_the_service_stops_is_told() -> None:
    model = Lengths()
    embedder = BatchedEmbedder(model, name="lengths")
    model.gate.clear()
    first = asyncio.create_task(embedder.embed(["first"]))
    await eventually(model.is_running.is_set)
    closing = asyncio.create_task(embedder.close())
    late = asyncio.create_task(embedder.embed(["late"]))
    await asyncio.sleep(0)
    model.gate.set()
    await closing
    assert (await first).tolist() == [[5.0]]
    with pytest.raises(UnavailableError):
        await late


async def test_no_text_needs_no_model() -> None:
    model = Lengths()
    embedder = BatchedEmbedder(model, name="lengths")
    assert (await embedder.embed([])).shape == (0, 1)
    assert model.events == []
