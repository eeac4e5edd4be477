"""Whatever is pruned or deleted: what stays is rebuilt as with a saver that keeps everything."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.base.id import uuid6
from langgraph.checkpoint.memory import InMemorySaver

from timeloom import Timeloom
from timeloom.langgraph import TimeloomSaver

CHANNEL = "lines"

STEPS = st.lists(
    st.tuples(
        st.integers(0, 3),  # how far back its parent lies: 0 is the newest
        st.booleans(),  # whether it holds the channel's value
        st.booleans(),  # whether LangGraph's counters say so
        st.integers(0, 2),  # how many writes follow from it
        st.sampled_from(["run a", "run b", "run c"]),
    ),
    min_size=1,
    max_size=12,
)


def live(saver: BaseCheckpointSaver[Any], thread_id: str, steps: Any, ids: list[str]) -> None:
    configs: list[RunnableConfig] = [{"configurable": {"thread_id": thread_id, "checkpoint_ns": ""}}]
    for number, ((back, holds, counted, writes, run_id), checkpoint_id) in enumerate(
        zip(steps, ids, strict=True)
    ):
        checkpoint: Any = {
            "v": 4,
            "id": checkpoint_id,
            "ts": "2026-11-23T12:00:00+00:00",
            "channel_values": {CHANNEL: [number]} if holds else {},
            "channel_versions": {CHANNEL: f"{number + 1:032}.0"},
            "versions_seen": {},
            "updated_channels": None,
        }
        metadata: Any = {"source": "loop", "step": number, "parents": {}, "run_id": run_id}
        if counted or not holds:
            metadata["counters_since_delta_snapshot"] = {CHANNEL: (1, 1)}
        parent = configs[max(len(configs) - 1 - back, 0)]
        stored = saver.put(parent, checkpoint, metadata, checkpoint["channel_versions"])
        configs.append(stored)
        if writes:
            saver.put_writes(
                stored, [(CHANNEL, f"{number}.{each}") for each in range(writes)], f"task {number}"
            )


def rebuilt(saver: BaseCheckpointSaver[Any], thread_id: str, checkpoint_id: str) -> Any:
    config: RunnableConfig = {
        "configurable": {"thread_id": thread_id, "checkpoint_ns": "", "checkpoint_id": checkpoint_id}
    }
    found = saver.get_tuple(config)
    assert found is not None
    if CHANNEL in found.checkpoint["channel_values"]:
        return found.checkpoint["channel_values"]
    return saver.get_delta_channel_history(config=config, channels=[CHANNEL]), found.pending_writes


@pytest.mark.timeout(300)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, gone=st.sets(st.sampled_from(["run a", "run b", "run c"]), max_size=2))
def test_what_stays_is_what_it_was(client: Timeloom, steps: Any, gone: set[str]) -> None:
    thread_id, ids = str(uuid.uuid4()), [str(uuid6()) for _ in steps]
    memory, saver = InMemorySaver(), TimeloomSaver(client)
    for each in (memory, saver):
        live(each, thread_id, steps, ids)
    thread: RunnableConfig = {"configurable": {"thread_id": thread_id}}

    saver.delete_for_runs(sorted(gone))
    staying = [one for one, step in zip(ids, steps, strict=True) if step[4] not in gone]
    left = [found.checkpoint["id"] for found in saver.list(thread)]
    assert set(staying) <= set(left)
    assert bool(left) == bool(staying)
    for checkpoint_id in staying:
        assert rebuilt(saver, thread_id, checkpoint_id) == rebuilt(memory, thread_id, checkpoint_id)

    saver.prune([thread_id])
    pruned = [found.checkpoint["id"] for found in saver.list(thread)]
    assert pruned[:1] == left[:1]
    for checkpoint_id in pruned[:1]:
        assert rebuilt(saver, thread_id, checkpoint_id) == rebuilt(memory, thread_id, checkpoint_id)
    saver.delete_thread(thread_id)
