"""Between LangGraph's checkpoints and Timeloom's snapshots, without a server in between."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import Checkpoint, CheckpointTuple
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.serde.types import ERROR, INTERRUPT

from timeloom.langgraph.codec import CheckpointCodec, CheckpointRecord, ThreadRef
from timeloom.langgraph.directory import execution_id_of
from timeloom.langgraph.transcoding import TAG
from timeloom.resources import Effect, EffectKind, Snapshot, SnapshotKind
from timeloom.state import canonical

serde = JsonPlusSerializer()
FIRST = "1f000000-0000-6000-8000-000000000001"
SECOND = "1f000000-0000-6000-8000-000000000002"


@pytest.fixture
def codec() -> CheckpointCodec:
    return CheckpointCodec()


def config(checkpoint_id: str | None = None, **configurable: Any) -> RunnableConfig:
    named = {} if checkpoint_id is None else {"checkpoint_id": checkpoint_id}
    return {"configurable": {"thread_id": "t", "checkpoint_ns": "", **named, **configurable}}


def checkpoint(
    checkpoint_id: str,
    values: dict[str, Any],
    versions: dict[str, Any],
    seen: dict[str, dict[str, Any]] | None = None,
) -> Checkpoint:
    return {
        "v": 4,
        "id": checkpoint_id,
        "ts": "2026-11-23T12:00:00.123456+00:00",
        "channel_values": values,
        "channel_versions": versions,
        "versions_seen": seen or {},
        "updated_channels": sorted(versions),
    }


def stored(record: CheckpointRecord, effects: tuple[Effect, ...] = ()) -> Snapshot:
    """The snapshot as it comes back from the server."""

    def through(value: Any) -> Any:
        return canonical.decode(canonical.encode(value))

    return Snapshot(
        execution_id=execution_id_of(record.ref),
        sequence=1,
        parent_sequence=0,
        kind=SnapshotKind.CHECKPOINT,
        step_name=record.step_name,
        label="",
        tags=(),
        key=record.checkpoint_id,
        metadata=through(record.metadata),
        state=through(record.state),
        state_hash="",
        chain_hash="",
        state_bytes=0,
        stored_bytes=0,
        effects=tuple(
            replace(effect, request=through(effect.request), response=through(effect.response))
            for effect in effects
        ),
        effect_count=len(effects),
        create_time=datetime.now(UTC),
    )


def test_a_checkpoint_comes_back_as_it_was(codec: CheckpointCodec) -> None:
    given = checkpoint(
        FIRST,
        {"messages": [HumanMessage("hello", id="1")], "plan": {"z": 1, "a": b"\x00"}},
        {"messages": "2.5", "plan": 1, "gone": 1.5},
        {"node": {"messages": "1.5"}},
    )
    record = codec.record(
        serde, config(run_id="r"), given, {"source": "input", "step": -1, "parents": {}}, {}
    )
    loaded = CheckpointCodec().load(serde, record.ref, stored(record))

    assert loaded == CheckpointTuple(
        config=config(FIRST),
        checkpoint=given,
        metadata={"source": "input", "step": -1, "parents": {}, "run_id": "r"},
        parent_config=None,
        pending_writes=[],
    )
    assert list(loaded.checkpoint["channel_values"]["plan"]) == ["z", "a"]
    assert record.create_time == datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=UTC)


def test_the_state_is_the_channels_as_readable_json(codec: CheckpointCodec) -> None:
    given = checkpoint(FIRST, {"count": 3, "names": ["a"], "plan": {"z": 1, "a": 2}}, {"count": 1})
    record = codec.record(serde, config(), given, {"source": "loop"}, {})
    assert record.state == {
        "count": 3,
        "names": ["a"],
        "plan": {"a": 2, "z": 1},
        TAG: ["orders", [["z", "a"]]],
    }


def test_the_parent_is_what_the_configuration_names(codec: CheckpointCodec) -> None:
    record = codec.record(serde, config(FIRST), checkpoint(SECOND, {}, {}), {"source": "loop"}, {})
    assert record.parent_id == FIRST
    loaded = codec.load(serde, record.ref, stored(record))
    assert loaded.parent_config == config(FIRST)


def test_channels_that_did_not_change_are_not_serialised_again(codec: CheckpointCodec) -> None:
    class Counting(JsonPlusSerializer):
        calls = 0

        def dumps_typed(self, obj: Any) -> tuple[str, bytes]:
            Counting.calls += 1
            return super().dumps_typed(obj)

    counting = Counting()
    values = {"a": [1], "b": [2]}
    first = codec.record(
        counting, config(), checkpoint(FIRST, values, {"a": 1, "b": 1}), {}, {"a": 1, "b": 1}
    )
    before = Counting.calls
    second = codec.record(
        counting,
        config(FIRST),
        checkpoint(SECOND, {"a": [1, 2], "b": [2]}, {"a": 2, "b": 1}),
        {},
        {"a": 2},
    )
    assert Counting.calls - before == 3  # channel a, the bookkeeping and the metadata
    assert second.state == {"a": [1, 2], "b": [2]}
    assert second.state["b"] is first.state["b"]


def test_another_branch_does_not_lend_its_values(codec: CheckpointCodec) -> None:
    codec.record(serde, config(), checkpoint(FIRST, {"a": "first"}, {"a": 1}), {}, {"a": 1})
    other = checkpoint(SECOND, {"a": "second"}, {"a": 1})
    record = codec.record(serde, config("somewhere else"), other, {}, {})
    assert record.state == {"a": "second"}


@pytest.mark.parametrize(
    ("source", "expected"),
    [("input", "input"), ("update", "update"), ("fork", "fork"), ("loop", "plan, research")],
)
def test_a_step_is_called_by_the_nodes_that_ran(codec: CheckpointCodec, source: Any, expected: str) -> None:
    codec.record(serde, config(), checkpoint(FIRST, {}, {}, {"plan": {"x": 1}, "answer": {"x": 1}}), {}, {})
    seen = {"plan": {"x": 2}, "answer": {"x": 1}, "research": {"x": 1}, "__interrupt__": {"x": 2}}
    record = codec.record(serde, config(FIRST), checkpoint(SECOND, {}, {}, seen), {"source": source}, {})
    assert record.step_name == expected


def test_writes_come_back_in_the_order_in_which_they_are_applied(codec: CheckpointCodec) -> None:
    late = codec.record_writes(serde, config(FIRST), [("a", 1), ("b", {"z": 1, "a": 2})], "task-1", "~2")
    early = codec.record_writes(
        serde, config(FIRST), [("a", [HumanMessage("x")]), (ERROR, "e")], "task-2", "~1"
    )
    assert [effect.key for effect in early.effects] == ["task-2:0", "task-2:-1"]

    record = codec.record(serde, config(), checkpoint(FIRST, {}, {}), {}, {})
    effects = (*late.effects, *early.effects)
    loaded = CheckpointCodec().load(serde, record.ref, stored(record, effects))

    assert loaded.pending_writes == [
        ("task-2", ERROR, "e"),
        ("task-2", "a", [HumanMessage("x")]),
        ("task-1", "a", 1),
        ("task-1", "b", {"z": 1, "a": 2}),
    ]
    assert list(loaded.pending_writes[3][2]) == ["z", "a"]


def test_only_special_writes_alone_replace(codec: CheckpointCodec) -> None:
    mixed = codec.record_writes(serde, config(FIRST), [("a", 1), (INTERRUPT, "?"), ("b", None)], "task", "")
    assert [(effect.name, effect.key) for effect in mixed.effects] == [
        ("a", "task:0"), (INTERRUPT, "task:-3"), ("b", "task:2")
    ]  # fmt: skip
    assert not mixed.replace
    special = codec.record_writes(serde, config(FIRST), [(INTERRUPT, "?"), (INTERRUPT, "!")], "task", "")
    assert special.replace
    assert special.effects == (
        Effect(
            kind=EffectKind.WRITE,
            name=INTERRUPT,
            key="task:-3",
            request={"taskId": "task", "taskPath": "", "index": -3},
            response="!",
        ),
    )


def test_each_namespace_of_a_thread_is_an_execution_of_its_own() -> None:
    refs = [ThreadRef("t", ""), ThreadRef("t", "child:1"), ThreadRef("t:child", ""), ThreadRef("u", "")]
    assert len({execution_id_of(ref) for ref in refs}) == 4
    assert execution_id_of(ThreadRef("t", "")) == "cdf22dfd-d6a5-5ded-874b-3b9db2af8da1"
    assert execution_id_of(ThreadRef("t", ""), 1) != execution_id_of(ThreadRef("t", ""), 2)


def test_a_channel_with_the_reserved_name_is_refused(codec: CheckpointCodec) -> None:
    with pytest.raises(ValueError, match="needs for itself"):
        codec.record(serde, config(), checkpoint(FIRST, {TAG: 1}, {TAG: 1}), {}, {TAG: 1})


def test_an_encrypting_serde_keeps_everything_to_itself(codec: CheckpointCodec) -> None:
    class Encrypting(JsonPlusSerializer):
        def dumps_typed(self, obj: Any) -> tuple[str, bytes]:
            kind, data = super().dumps_typed(obj)
            return f"{kind}+xor", bytes(byte ^ 0x5A for byte in data)

        def loads_typed(self, data: tuple[str, bytes]) -> Any:
            kind, content = data
            return super().loads_typed((kind.removesuffix("+xor"), bytes(byte ^ 0x5A for byte in content)))

    encrypting = Encrypting()
    given = checkpoint(FIRST, {"messages": [AIMessage("secret")]}, {"messages": 1})
    record = codec.record(encrypting, config(), given, {"source": "input"}, {"messages": 1})
    assert "secret" not in str(record.state)
    loaded = codec.load(encrypting, record.ref, stored(record))
    assert loaded.checkpoint == given
    assert loaded.metadata == {"source": "input"}
