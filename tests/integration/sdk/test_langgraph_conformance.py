"""LangGraph's own suite for checkpointers, whole: with the asynchronous methods and the blocking ones."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

import pytest
from langgraph.checkpoint.base import CheckpointTuple
from langgraph.checkpoint.conformance import checkpointer_test, spec, validate
from langgraph.checkpoint.conformance.capabilities import Capability

from tests.integration.sdk.service import Service
from timeloom import Timeloom
from timeloom.langgraph import TimeloomSaver

TESTS = {
    Capability.PUT: spec.test_put.ALL_PUT_TESTS,
    Capability.PUT_WRITES: spec.test_put_writes.ALL_PUT_WRITES_TESTS,
    Capability.GET_TUPLE: spec.test_get_tuple.ALL_GET_TUPLE_TESTS,
    Capability.LIST: spec.test_list.ALL_LIST_TESTS,
    Capability.DELETE_THREAD: spec.test_delete_thread.ALL_DELETE_THREAD_TESTS,
    Capability.DELETE_FOR_RUNS: spec.test_delete_for_runs.ALL_DELETE_FOR_RUNS_TESTS,
    Capability.COPY_THREAD: spec.test_copy_thread.ALL_COPY_THREAD_TESTS,
    Capability.PRUNE: spec.test_prune.ALL_PRUNE_TESTS,
}


class BlockingSaver(TimeloomSaver):
    """Lets the suite, which knows asynchronous methods only, see the blocking ones."""

    async def aput(self, *args: Any, **kwargs: Any) -> Any:
        return await asyncio.to_thread(self.put, *args, **kwargs)

    async def aput_writes(self, *args: Any, **kwargs: Any) -> None:
        await asyncio.to_thread(self.put_writes, *args, **kwargs)

    async def aget_tuple(self, *args: Any, **kwargs: Any) -> Any:
        return await asyncio.to_thread(self.get_tuple, *args, **kwargs)

    async def alist(self, *args: Any, **kwargs: Any) -> AsyncIterator[CheckpointTuple]:
        for found in await asyncio.to_thread(lambda: list(self.list(*args, **kwargs))):
            yield found

    async def adelete_thread(self, *args: Any, **kwargs: Any) -> None:
        await asyncio.to_thread(self.delete_thread, *args, **kwargs)

    async def adelete_for_runs(self, *args: Any, **kwargs: Any) -> None:
        await asyncio.to_thread(self.delete_for_runs, *args, **kwargs)

    async def acopy_thread(self, *args: Any, **kwargs: Any) -> None:
        await asyncio.to_thread(self.copy_thread, *args, **kwargs)

    async def aprune(self, *args: Any, **kwargs: Any) -> None:
        await asyncio.to_thread(self.prune, *args, **kwargs)


@pytest.mark.parametrize("kind", [TimeloomSaver, BlockingSaver])
async def test_every_test_of_every_capability_passes(service: Service, kind: type[TimeloomSaver]) -> None:
    @checkpointer_test(name=kind.__name__)
    async def saver() -> AsyncGenerator[TimeloomSaver]:
        with Timeloom(api_key=service.api_key, grpc_address=service.address) as client:
            yield kind(client)

    report = await validate(saver)
    results = {Capability(name): result for name, result in report.results.items()}
    assert {each for each, result in results.items() if result.detected} == set(Capability)
    assert {each: result.failures for each, result in results.items() if result.failures} == {}
    passed = {each: result.tests_passed for each, result in results.items()}
    assert passed == {each: len(TESTS[each]) for each in Capability}
    assert sum(passed.values()) >= 81
