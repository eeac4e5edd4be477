"""What is stored gives every state back, byte for byte, however it is read."""

from __future__ import annotations

import asyncio
import copy
import random
from typing import Any

import grpc
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.snapshots.service import Service, record_request, refused, running_service
from tests.unit.state.strategies import related_pairs
from timeloom.snapshots.v1 import snapshots_pb2
from timeloom.snapshots.v1 import snapshots_service_pb2 as messages
from timeloom.state import canonical, delta

TINY_CACHE_BYTES = 1024
ADDED, REMOVED, CHANGED = (
    snapshots_pb2.CHANGE_KIND_ADDED,
    snapshots_pb2.CHANGE_KIND_REMOVED,
    snapshots_pb2.CHANGE_KIND_CHANGED,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pairs=st.lists(related_pairs(), min_size=1, max_size=8), as_deltas=st.booleans())
async def test_every_state_comes_back_byte_for_byte(
    service: Service,
    pairs: list[tuple[Any, Any]],
    as_deltas: bool,  # noqa: FBT001 - drawn by Hypothesis
) -> None:
    states = [state for pair in pairs for state in pair]
    execution_id = await service.create()
    previous = None
    requests = []
    for state in states:
        content = {"delta": delta.diff(previous, state)} if as_deltas else {"state": state}
        requests.append(record_request(**content))
        previous = state
    await service.batch(execution_id, requests)
    found = [(await service.get(execution_id, n)).state for n in range(1, len(states) + 1)]
    assert found == [canonical.encode(state) for state in states]
    assert await service.verify(execution_id) is None


def agent_states(count: int, *, seed: int, window: int | None = None) -> list[Any]:
    """The states of an agent that talks, edits earlier messages at times, and sometimes starts all over."""
    rng = random.Random(seed)
    state: dict[str, Any] = {"messages": [], "notes": {}, "step": 0}
    states = []
    for step in range(count):
        state = copy.deepcopy(state)
        state["step"] = step
        state["messages"].append({"id": rng.getrandbits(60), "text": rng.randbytes(rng.randrange(300)).hex()})
        if rng.random() < 0.2:
            rng.choice(state["messages"])["edited"] = step
        if rng.random() < 0.02:
            state["messages"] = state["messages"][-3:]
        state["messages"] = state["messages"][-window:] if window else state["messages"]
        state["notes"][f"note {rng.randrange(30)}"] = {"text": rng.randbytes(20).hex(), "at": step / 4}
        states.append(state)
    return states


async def test_a_long_execution_reads_the_same_warm_and_cold(service: Service, database_url: str) -> None:
    states = agent_states(600, seed=1)
    execution_id = await service.create()
    for start in range(0, len(states), 100):
        part = states[start : start + 100]
        await service.batch(execution_id, [record_request(state=state) for state in part])
    encoded = [canonical.encode(state) for state in states]
    order = list(range(len(states)))
    random.Random(2).shuffle(order)
    cold = running_service(database_url, project_id=service.project_id, cache_bytes=TINY_CACHE_BYTES)
    async with cold as other:
        for index in order[:150]:
            assert (await service.get(execution_id, index + 1)).state == encoded[index]
            assert (await other.get(execution_id, index + 1)).state == encoded[index]
        assert (await other.record(execution_id, delta=[delta.Set(("step",), -1)])).sequence == 601
    assert (await service.record(execution_id, delta=[delta.Set(("end",), 1)])).sequence == 602
    assert await service.state(execution_id) == {**states[-1], "step": -1, "end": 1}
    assert await service.verify(execution_id) is None


async def test_keyframes_bound_what_a_read_costs(service: Service) -> None:
    states = agent_states(400, seed=3, window=20)
    execution_id = await service.create()
    for start in range(0, len(states), 100):
        part = states[start : start + 100]
        await service.batch(execution_id, [record_request(state=state) for state in part])
    async with service.rows() as connection:
        rows = await connection.fetch(
            "SELECT sequence, base_sequence, octet_length(delta) AS delta_bytes "
            "FROM snapshots ORDER BY sequence"
        )
        keyframes = dict(
            await connection.fetch("SELECT sequence, octet_length(state) AS size_bytes FROM keyframes")
        )
    sizes = {row["sequence"]: row["delta_bytes"] for row in rows}
    assert len(keyframes) > 5
    for row in rows:
        base, sequence = row["base_sequence"], row["sequence"]
        between = sum(sizes[each] for each in range(base + 1, sequence + 1))
        assert between <= 2 * keyframes.get(base, sizes[base])
    assert sum(keyframes.values()) < sum(sizes.values())


async def test_a_part_of_a_state_is_found_by_its_path(service: Service) -> None:
    execution_id = await service.create()
    await service.record(execution_id, state={"a/b": [{"~": 1.0}, None], "": {"x": []}})
    parts: dict[str, Any] = {"/a~1b/0/~0": 1.0, "/a~1b/1": None, "/": {"x": []}, "/a~1b": [{"~": 1.0}, None]}
    for path, value in parts.items():
        assert (await service.get(execution_id, 1, path=path)).state == canonical.encode(value)
    for path in ("/missing", "a", "/a~1b/2", "/a~1b/01", "/~2"):
        told = await refused(service.get(execution_id, 1, path=path))
        assert (told.status, told.reason) == (grpc.StatusCode.NOT_FOUND, "PATH_NOT_FOUND")


async def test_snapshots_that_are_not_there(service: Service) -> None:
    execution_id = await service.create()
    for call in (
        service.get(execution_id),
        service.get(execution_id, 1),
        service.get(execution_id, key="nope"),
    ):
        assert (await refused(call)).reason == "NOT_FOUND"
    told = await refused(service.get(execution_id, 1, key="both"))
    assert told.reason == "INVALID_FIELD"


async def _diff(service: Service, execution_id: str, **fields: Any) -> messages.DiffSnapshotsResponse:
    request = messages.DiffSnapshotsRequest(execution_id=execution_id, **fields)
    return await service.stub.DiffSnapshots(request, metadata=service.metadata)


def _changes(response: messages.DiffSnapshotsResponse) -> list[tuple[int, str, str, bytes, bytes]]:
    return [
        (each.kind, each.path, each.old_path, each.old_value, each.new_value) for each in response.changes
    ]


async def test_differences_between_any_two_snapshots(service: Service) -> None:
    one, two = await service.create(), await service.create()
    await service.record(one, state={"list": ["a", "b", "c"], "n": 1})
    await service.record(one, state={"list": ["b", "c", "d"], "n": 1.0})
    await service.record(two, state={"list": ["a"], "m": None})
    response = await _diff(service, one, from_sequence=1, to_sequence=2)
    assert _changes(response) == [
        (REMOVED, "/list/0", "", b'"a"', b""),
        (ADDED, "/list/2", "", b"", b'"d"'),
        (CHANGED, "/n", "", b"1", b"1.0"),
    ]
    assert (getattr(response, "from").sequence, response.to.sequence) == (1, 2)
    response = await _diff(service, one, from_sequence=2, to_execution_id=two, path="/list")
    assert response.to == snapshots_pb2.SnapshotRef(execution_id=two, sequence=1)
    assert {each[1] for each in _changes(response)} == {"/list/0", "/list/1", "/list/2"}
    response = await _diff(service, two)
    assert _changes(response) == [(ADDED, "", "", b"", b'{"list":["a"],"m":null}')]
    response = await _diff(service, one, from_sequence=1, to_execution_id=two, path="/m")
    assert _changes(response) == [(ADDED, "/m", "", b"", b"null")]
    assert (await refused(_diff(service, one, from_sequence=1, path="/x"))).reason == "PATH_NOT_FOUND"
    assert (await refused(_diff(service, one, from_sequence=7))).reason == "NOT_FOUND"


async def test_a_comparison_lists_a_bounded_number_of_changes(service: Service) -> None:
    execution_id = await service.create()
    await service.record(execution_id, state={str(n): n for n in range(10_001)})
    await service.record(execution_id, state={str(n): -n - 1 for n in range(10_001)})
    response = await _diff(service, execution_id, from_sequence=1)
    assert (len(response.changes), response.truncated) == (10_000, True)


async def test_lists_page_and_filter(service: Service) -> None:
    execution_id = await service.create()
    await service.batch(
        execution_id,
        [
            record_request(
                state=n, kind="SNAPSHOT_KIND_DECISION_POINT" if n % 3 == 0 else 0, tags=[f"t{n % 2}"]
            )
            for n in range(1, 26)
        ],
    )

    async def sequences(**fields: Any) -> list[int]:
        found: list[int] = []
        token = ""
        while True:
            page = await service.list_snapshots(execution_id, page_token=token, **fields)
            found += [each.sequence for each in page.snapshots]
            token = page.next_page_token
            if not token:
                return found

    assert await sequences(page_size=10) == list(range(1, 26))
    assert await sequences(page_size=25) == list(range(1, 26))
    assert await sequences(page_size=7, descending=True) == list(range(25, 0, -1))
    assert await sequences(page_size=3, after_sequence=4, before_sequence=12) == list(range(5, 12))
    assert await sequences(kinds=["SNAPSHOT_KIND_DECISION_POINT"], page_size=2) == list(range(3, 26, 3))
    assert await sequences(tag="t1", page_size=2, descending=True) == list(range(25, 0, -2))
    first = await service.list_snapshots(execution_id, page_size=3)
    assert all(not each.state for each in first.snapshots)
    for token, fields in (
        (first.next_page_token, {"tag": "t1"}),
        ("A" * 40, {}),
        (first.next_page_token + "A", {}),
    ):
        told = await refused(service.list_snapshots(execution_id, page_token=token, **fields))
        assert (told.status, told.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_PAGE_TOKEN")


async def test_pages_end_early_rather_than_grow_too_large(service: Service) -> None:
    execution_id = await service.create()
    large = "m" * 250_000
    for _ in range(2):
        requests = [record_request(state=n, metadata={"large": large, "n": n}) for n in range(70)]
        await service.batch(execution_id, requests)
    page = await service.list_snapshots(execution_id, page_size=1000)
    assert 100 < len(page.snapshots) < 140
    rest = await service.list_snapshots(execution_id, page_size=1000, page_token=page.next_page_token)
    assert len(page.snapshots) + len(rest.snapshots) == 140
    assert not rest.next_page_token
    expected = [canonical.encode({"large": large, "n": n % 70}) for n in range(140)]
    assert [each.metadata for each in [*page.snapshots, *rest.snapshots]] == expected


async def test_effects_are_added_and_replaced(service: Service) -> None:
    execution_id = await service.create()
    await service.record(execution_id, state=1, effects=[{"kind": 1, "name": "first", "response": b"1"}])

    async def add(
        *effects: snapshots_pb2.Effect, sequence: int = 1, replace: bool = False
    ) -> list[tuple[str, int, str]]:
        request = messages.RecordEffectsRequest(
            execution_id=execution_id, sequence=sequence, effects=effects, replace=replace
        )
        response = await service.stub.RecordEffects(request, metadata=service.metadata)
        assert all(not (each.request or each.response) for each in response.effects)
        return [(each.key, each.ordinal, each.name) for each in response.effects]

    tool = snapshots_pb2.EFFECT_KIND_TOOL
    a = snapshots_pb2.Effect(kind=tool, key="a", name="tool", response=b'{"x": 1}')
    b = snapshots_pb2.Effect(kind=tool, key="b", name="b")
    other_a = snapshots_pb2.Effect(kind=tool, key="a", name="other", response=b'{"x": 1}')
    expected = [("1", 1, "first"), ("a", 2, "tool")]
    assert await add(a) == expected
    assert await add(other_a) == expected
    assert await add(b, other_a, replace=True) == [("1", 1, "first"), ("a", 2, "other"), ("b", 3, "b")]
    snapshot = await service.get(execution_id, 1)
    assert [each.response for each in snapshot.effects] == [b"1", b'{"x":1}', b""]
    assert snapshot.effect_count == 3
    (listed,) = (await service.list_snapshots(execution_id, include_effects=True)).snapshots
    assert listed.effects == snapshot.effects
    assert (await refused(add(a, sequence=2))).reason == "NOT_FOUND"
    assert (await refused(add(b, b))).reason == "INVALID_FIELD"
    assert await service.verify(execution_id) is None


async def test_effects_that_come_at_once_are_numbered_one_after_another(service: Service) -> None:
    execution_id = await service.create()
    await service.record(execution_id, state=1)

    async def add(key: str) -> list[str]:
        effect = snapshots_pb2.Effect(kind=snapshots_pb2.EFFECT_KIND_TOOL, key=key)
        request = messages.RecordEffectsRequest(execution_id=execution_id, sequence=1, effects=[effect])
        response = await service.stub.RecordEffects(request, metadata=service.metadata)
        return [each.key for each in response.effects]

    keys = [str(number) for number in range(40)]
    told = await asyncio.gather(*map(add, keys))

    effects = (await service.get(execution_id, 1)).effects
    order = [each.key for each in effects]
    assert sorted(order) == sorted(keys)
    assert [each.ordinal for each in effects] == list(range(1, 41))
    for key, seen in zip(keys, told, strict=True):
        assert seen == order[: order.index(key) + 1]
    assert await service.verify(execution_id) is None


async def test_effects_have_limits(service: Service) -> None:
    execution_id = await service.create()
    large = canonical.encode("x" * (17 * 1024 * 1024))
    await service.record(execution_id, state=1, effects=[{"kind": 1, "response": large}])
    more = snapshots_pb2.Effect(kind=snapshots_pb2.EFFECT_KIND_LLM, key="more", response=large)
    request = messages.RecordEffectsRequest(execution_id=execution_id, sequence=1, effects=[more])
    told = await refused(service.stub.RecordEffects(request, metadata=service.metadata))
    assert (told.reason, told.metadata["limitBytes"]) == ("TOO_LARGE", str(32 * 1024 * 1024))
