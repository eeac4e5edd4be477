"""The questions of a debugger: when did a value change, where did it go wrong, what is different."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.integration.snapshots.service import Service, record_request, refused
from timeloom.snapshots.v1 import snapshots_pb2
from timeloom.snapshots.v1 import time_travel_pb2 as nouns
from timeloom.snapshots.v1 import time_travel_service_pb2 as messages
from timeloom_platform.times import timestamp

BEGIN = datetime(2026, 11, 1, 12, tzinfo=UTC)
SAME = nouns.ALIGNMENT_KIND_SAME
DIFFERENT = nouns.ALIGNMENT_KIND_DIFFERENT
MISSING = nouns.ALIGNMENT_KIND_MISSING
EXTRA = nouns.ALIGNMENT_KIND_EXTRA


async def recorded(service: Service, states: Sequence[Any], **fields: Any) -> str:
    """Records an execution; a state may come with a step name, and a parent other than the newest."""
    execution_id = await service.create(**fields)
    requests = []
    for number, state in enumerate(states):
        extra: dict[str, Any] = {}
        if isinstance(state, tuple):
            state, extra = state  # noqa: PLW2901 - taken apart
        requests.append(
            record_request(
                **{
                    "state": state,
                    "step_name": f"step {number + 1}",
                    "create_time": BEGIN + timedelta(seconds=number),
                    **extra,
                }
            )
        )
    await service.batch(execution_id, requests)
    return execution_id


async def history(service: Service, execution_id: str, **fields: Any) -> messages.GetValueHistoryResponse:
    request = messages.GetValueHistoryRequest(execution_id=execution_id, **fields)
    return await service.travel.GetValueHistory(request, metadata=service.metadata)


async def bisect(service: Service, execution_id: str, **fields: Any) -> messages.BisectExecutionResponse:
    request = messages.BisectExecutionRequest(execution_id=execution_id, **fields)
    return await service.travel.BisectExecution(request, metadata=service.metadata)


async def compare(
    service: Service, one: str, other: str, **fields: Any
) -> messages.CompareExecutionsResponse:
    request = messages.CompareExecutionsRequest(execution_id=one, other_execution_id=other, **fields)
    return await service.travel.CompareExecutions(request, metadata=service.metadata)


async def timeline(service: Service, execution_id: str, **fields: Any) -> messages.GetTimelineResponse:
    request = messages.GetTimelineRequest(execution_id=execution_id, **fields)
    return await service.travel.GetTimeline(request, metadata=service.metadata)


def told(answer: messages.GetValueHistoryResponse) -> list[tuple[int, str, str]]:
    return [(each.sequence, each.old_value.decode(), each.new_value.decode()) for each in answer.changes]


class TestValueHistory:
    async def test_tells_each_change_with_its_step(self, service: Service) -> None:
        states = [{"a": 1}, {"a": 1, "b": 0}, {"a": [1]}, {"b": 2}, {"a": 1.0}]
        execution_id = await recorded(service, states)
        answer = await history(service, execution_id, path="/a")
        assert told(answer) == [(1, "", "1"), (3, "1", "[1]"), (4, "[1]", ""), (5, "", "1.0")]
        assert [each.kind for each in answer.changes] == [
            snapshots_pb2.CHANGE_KIND_ADDED,
            snapshots_pb2.CHANGE_KIND_CHANGED,
            snapshots_pb2.CHANGE_KIND_REMOVED,
            snapshots_pb2.CHANGE_KIND_ADDED,
        ]
        assert [each.step_name for each in answer.changes] == ["step 1", "step 3", "step 4", "step 5"]
        assert answer.changes[1].create_time.ToDatetime(UTC) == BEGIN + timedelta(seconds=2)
        assert told(await history(service, execution_id, path="/a", sequence=3)) == told(answer)[:2]

    async def test_of_the_whole_state_has_every_state(self, service: Service) -> None:
        execution_id = await recorded(service, [1, 1, 2])
        assert told(await history(service, execution_id)) == [(1, "", "1"), (3, "1", "2")]

    async def test_follows_the_way_to_the_snapshot(self, service: Service) -> None:
        """What was left behind by a branch is not on it."""
        states = [{"a": 1}, {"a": 2}, {"a": 3}, ({"a": 4}, {"parent_sequence": 1, "branch": True}), {"a": 5}]
        execution_id = await recorded(service, states)
        assert told(await history(service, execution_id, path="/a")) == [
            (1, "", "1"),
            (4, "1", "4"),
            (5, "4", "5"),
        ]
        assert told(await history(service, execution_id, path="/a", sequence=3)) == [
            (1, "", "1"),
            (2, "1", "2"),
            (3, "2", "3"),
        ]

    async def test_is_paged_and_its_end_stays(self, service: Service) -> None:
        execution_id = await recorded(service, [{"n": n // 2} for n in range(12)])
        whole = told(await history(service, execution_id, path="/n"))
        first = await history(service, execution_id, path="/n", page_size=2)
        await service.record(execution_id, state={"n": 99})
        pages = [first]
        while pages[-1].next_page_token:
            token = pages[-1].next_page_token
            pages.append(await history(service, execution_id, path="/n", page_size=2, page_token=token))
        assert [len(page.changes) for page in pages] == [2, 2, 2]
        assert [each for page in pages for each in told(page)] == whole

    async def test_crosses_what_was_deleted(self, service: Service) -> None:
        execution_id = await recorded(service, [{"n": n, "m": list(range(n))} for n in range(8)])
        await service.travel.DeleteSnapshots(
            messages.DeleteSnapshotsRequest(execution_id=execution_id, sequences=[1, 2, 5, 6]),
            metadata=service.metadata,
        )
        assert told(await history(service, execution_id, path="/n")) == [
            (3, "", "2"),
            (4, "2", "3"),
            (7, "3", "6"),
            (8, "6", "7"),
        ]

    async def test_of_a_fork_begins_before_it(self, service: Service) -> None:
        origin = await recorded(service, [{"n": 1}, {"n": 2}, {"n": 3}])
        fork = await forked(service, origin, 2)
        await service.record(fork, state={"n": 9})
        assert told(await history(service, fork, path="/n")) == [(1, "", "1"), (2, "1", "2"), (3, "2", "9")]

    @pytest.mark.parametrize(
        ("fields", "reason"),
        [
            ({"path": "/missing"}, "PATH_NOT_FOUND"),
            ({"path": "missing"}, "PATH_NOT_FOUND"),
            ({"path": "/n", "sequence": 9}, "NOT_FOUND"),
            ({"path": "/n", "page_token": "a"}, "INVALID_PAGE_TOKEN"),
        ],
    )
    async def test_refuses(self, service: Service, fields: dict[str, Any], reason: str) -> None:
        execution_id = await recorded(service, [{"n": 1}])
        assert (await refused(history(service, execution_id, **fields))).reason == reason


class TestBisection:
    async def test_finds_the_first_bad_snapshot(self, service: Service) -> None:
        execution_id = await recorded(service, [{"n": n} for n in range(1, 21)])
        answer = await bisect(service, execution_id, expression="state.n > 13")
        assert (answer.first_bad_sequence, answer.last_good_sequence, answer.not_monotone) == (14, 13, False)
        assert answer.evaluations[0] == nouns.Evaluation(sequence=20, bad=True)
        assert len(answer.evaluations) <= 6
        for each in answer.evaluations:
            assert each.bad == (each.sequence > 13)

    async def test_a_bad_snapshot_that_is_good_ends_it(self, service: Service) -> None:
        execution_id = await recorded(service, [{"n": n} for n in range(1, 21)])
        answer = await bisect(service, execution_id, expression="state.n > 13", bad_sequence=12)
        assert (answer.first_bad_sequence, answer.last_good_sequence, answer.not_monotone) == (0, 12, False)
        assert len(answer.evaluations) <= 5

    async def test_says_when_it_is_not_monotone(self, service: Service) -> None:
        execution_id = await recorded(service, [{"n": n % 4} for n in range(1, 9)])
        answer = await bisect(service, execution_id, expression="state.n < 2", exhaustive=True)
        assert answer.not_monotone
        assert list(answer.flips) == [2, 4, 6, 8]
        assert sorted(each.sequence for each in answer.evaluations) == list(range(1, 9))

    async def test_stays_on_the_way_to_the_bad_snapshot(self, service: Service) -> None:
        states = [{"n": 1}, {"n": 9}, {"n": 9}, ({"n": 2}, {"parent_sequence": 1, "branch": True}), {"n": 9}]
        execution_id = await recorded(service, states)
        answer = await bisect(service, execution_id, expression="state.n == 9", exhaustive=True)
        assert (answer.first_bad_sequence, answer.last_good_sequence) == (5, 4)
        assert sorted(each.sequence for each in answer.evaluations) == [1, 4, 5]

    async def test_beside_a_good_execution(self, service: Service) -> None:
        good = await recorded(service, [{"n": n} for n in range(1, 7)])
        bad = await recorded(service, [{"n": n if n < 4 else -n} for n in range(1, 7)])
        answer = await bisect(service, bad, good_execution_id=good)
        assert (answer.first_bad_sequence, answer.last_good_sequence) == (4, 3)
        by_value = await bisect(service, bad, good_execution_id=good, expression="state.n != good.n")
        assert (by_value.first_bad_sequence, by_value.last_good_sequence) == (4, 3)

    async def test_knows_a_good_snapshot(self, service: Service) -> None:
        execution_id = await recorded(service, [{"n": n} for n in range(1, 9)])
        answer = await bisect(service, execution_id, expression="state.n > 4", good_sequence=4)
        assert (answer.first_bad_sequence, answer.last_good_sequence) == (5, 4)
        assert all(each.sequence >= 4 for each in answer.evaluations)

    async def test_a_good_snapshot_that_is_bad_is_told(self, service: Service) -> None:
        execution_id = await recorded(service, [{"n": n} for n in range(1, 9)])
        answer = await bisect(
            service, execution_id, expression="state.n != 6", good_sequence=4, bad_sequence=6
        )
        assert (answer.first_bad_sequence, answer.not_monotone) == (0, True)

    @pytest.mark.parametrize(
        ("fields", "reason"),
        [
            ({}, "INVALID_FIELD"),
            ({"expression": "state.n +"}, "INVALID_EXPRESSION"),
            ({"expression": "state.n + 1"}, "INVALID_EXPRESSION"),
            ({"expression": "true", "good_sequence": 3}, "INVALID_FIELD"),
            ({"expression": "true", "good_sequence": 2, "bad_sequence": 2}, "INVALID_FIELD"),
            ({"expression": "true", "bad_sequence": 9}, "NOT_FOUND"),
        ],
    )
    async def test_refuses(self, service: Service, fields: dict[str, Any], reason: str) -> None:
        execution_id = await recorded(service, [{"n": 1}, {"n": 2}, {"n": 3}])
        assert (await refused(bisect(service, execution_id, **fields))).reason == reason


class TestComparison:
    async def test_aligns_steps(self, service: Service) -> None:
        one = await recorded(
            service, [({"n": n}, {"step_name": name}) for n, name in enumerate(["plan", "search", "answer"])]
        )
        other = await recorded(
            service,
            [
                ({"n": n}, {"step_name": name})
                for n, name in enumerate(["plan", "think", "search", "think", "answer"])
            ],
        )
        answer = await compare(service, one, other)
        assert [(each.kind, each.step_name, each.sequence, each.other_sequence) for each in answer.steps] == [
            (SAME, "plan", 1, 1),
            (EXTRA, "think", 0, 2),
            (DIFFERENT, "search", 2, 3),
            (EXTRA, "think", 0, 4),
            (DIFFERENT, "answer", 3, 5),
        ]
        assert answer.first_divergence == answer.steps[1]
        assert (answer.same_count, answer.different_count, answer.missing_count, answer.extra_count) == (
            1,
            2,
            0,
            2,
        )

    async def test_is_paged(self, service: Service) -> None:
        one = await recorded(service, [{"n": n} for n in range(5)])
        other = await recorded(service, [{"n": n} for n in range(3)])
        whole = await compare(service, one, other)
        assert [each.kind for each in whole.steps] == [SAME] * 3 + [MISSING] * 2
        first = await compare(service, one, other, page_size=3)
        await service.record(other, state={"n": 3}, step_name="step 4")
        second = await compare(service, one, other, page_size=3, page_token=first.next_page_token)
        assert [*first.steps, *second.steps] == list(whole.steps)
        assert first.first_divergence == second.first_divergence == whole.first_divergence
        assert not second.next_page_token

    async def test_a_fork_is_the_same_up_to_where_it_was_forked(self, service: Service) -> None:
        origin = await recorded(service, [{"n": n} for n in range(4)])
        fork = await forked(service, origin, 2)
        await service.record(fork, state={"n": 9}, step_name="step 3")
        answer = await compare(service, origin, fork)
        assert [each.kind for each in answer.steps] == [SAME, SAME, DIFFERENT, MISSING]

    async def test_of_equal_executions_has_no_divergence(self, service: Service) -> None:
        one = await recorded(service, [{"n": n} for n in range(3)])
        assert not (await compare(service, one, one)).HasField("first_divergence")


class TestTimeline:
    async def test_merges_all_that_happened(self, service: Service) -> None:
        effect_time = BEGIN + timedelta(seconds=0.5)
        effects = [
            snapshots_pb2.Effect(
                kind=snapshots_pb2.EFFECT_KIND_LLM,
                name="model",
                key="call",
                create_time=timestamp(effect_time),
            )
        ]
        execution_id = await recorded(service, [{"n": 1}, ({"n": 2}, {"effects": effects}), {"n": 3}])
        fork = await forked(service, execution_id, 2, name="another try")
        await service.travel.RollbackExecution(
            messages.RollbackExecutionRequest(
                execution_id=execution_id, sequence=1, expected_head_sequence=3, reason="wrong turn"
            ),
            metadata=service.metadata,
        )
        await service.complete(execution_id)
        answer = await timeline(service, execution_id)
        entries = {each.WhichOneof("entry"): each for each in answer.entries}
        assert [each.WhichOneof("entry") for each in answer.entries] == [
            "snapshot",
            "effect",
            "snapshot",
            "snapshot",
            "status",
            "fork",
            "head_move",
            "status",
        ]
        times = [each.time.ToDatetime(UTC) for each in answer.entries]
        assert times == sorted(times)
        assert times[:4] == [BEGIN, effect_time, BEGIN + timedelta(seconds=1), BEGIN + timedelta(seconds=2)]
        assert entries["effect"].effect.sequence == 2
        assert (entries["effect"].effect.effect.key, entries["effect"].effect.effect.name) == (
            "call",
            "model",
        )
        assert (entries["fork"].fork.sequence, entries["fork"].fork.execution_id) == (2, fork)
        assert entries["fork"].fork.name == "another try"
        move = entries["head_move"].head_move
        assert (move.number, move.from_sequence, move.to_sequence, move.reason) == (1, 3, 1, "wrong turn")
        assert entries["status"].status.status == snapshots_pb2.EXECUTION_STATUS_SUCCEEDED
        assert answer.entries[4].status.status == snapshots_pb2.EXECUTION_STATUS_RUNNING

    @pytest.mark.parametrize("descending", [False, True])
    async def test_is_paged_both_ways(self, service: Service, *, descending: bool) -> None:
        """Also where many things happened in the same moment."""
        moment = {"create_time": BEGIN}
        effects = [
            snapshots_pb2.Effect(
                kind=snapshots_pb2.EFFECT_KIND_TOOL, key=f"{n}", create_time=timestamp(BEGIN)
            )
            for n in range(3)
        ]
        execution_id = await recorded(
            service, [({"n": n}, {**moment, "effects": effects, "metadata": {"n": n}}) for n in range(4)]
        )
        whole = (await timeline(service, execution_id, descending=descending)).entries
        assert len(whole) == 1 + 4 + 12
        found: list[nouns.TimelineEntry] = []
        token = ""
        while not found or token:
            page = await timeline(service, execution_id, descending=descending, page_size=3, page_token=token)
            found += page.entries
            token = page.next_page_token
        assert found == list(whole)
        other = await timeline(service, execution_id, descending=not descending)
        assert found[::-1] == list(other.entries)
        snapshots = [json.loads(each.snapshot.metadata) for each in found if each.HasField("snapshot")]
        assert sorted(each["n"] for each in snapshots) == [0, 1, 2, 3]

    async def test_of_a_fork_has_what_it_shares(self, service: Service) -> None:
        origin = await recorded(service, [{"n": 1}, {"n": 2}, {"n": 3}])
        fork = await forked(service, origin, 2)
        entries = (await timeline(service, fork)).entries
        assert [each.WhichOneof("entry") for each in entries] == ["snapshot", "snapshot", "status"]
        assert {each.snapshot.execution_id for each in entries[:2]} == {fork}


async def forked(service: Service, execution_id: str, sequence: int, **fields: Any) -> str:
    """Forks an execution and returns the fork's id."""
    request = messages.ForkExecutionRequest(execution_id=execution_id, sequence=sequence, **fields)
    return (await service.travel.ForkExecution(request, metadata=service.metadata)).execution.id
