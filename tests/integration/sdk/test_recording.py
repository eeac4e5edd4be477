"""Recording step by step, against the real service, also while it goes away and comes back."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest

from tests.integration.sdk.service import Service
from timeloom import Timeloom, errors
from timeloom.resources import Effect, EffectKind, ExecutionStatus, SnapshotKind


def states_of(client: Timeloom, execution_id: str) -> list[Any]:
    """All states of an execution, in order; the numbers must be without gaps."""
    snapshots = list(client.snapshots.list(execution_id))
    assert [snapshot.sequence for snapshot in snapshots] == list(range(1, len(snapshots) + 1))
    return [client.snapshots.get(execution_id, snapshot.sequence).state for snapshot in snapshots]


def test_every_state_comes_back_as_it_was_at_its_step(client: Timeloom) -> None:
    with client.record(agent_id="agent", name="a run", input={"q": 1}) as execution:
        state: dict[str, Any] = {"messages": [], "text": "x" * 5000}
        expected = []
        for number in range(20):
            state["messages"].append({"n": number, "nested": {"value": [number] * 3}})
            step = execution.step(f"step {number}", state)
            assert step.sequence == number + 1
            expected.append({"messages": [dict(one) for one in state["messages"]], "text": "x" * 5000})
        execution.output = {"answer": 42}

    found = client.executions.get(execution.id)
    assert (found.status, found.output, found.input) == (ExecutionStatus.SUCCEEDED, {"answer": 42}, {"q": 1})
    assert states_of(client, execution.id) == expected
    stored = [snapshot.stored_bytes for snapshot in client.snapshots.list(execution.id)]
    assert max(stored[1:]) < 500


def test_a_step_carries_all_that_was_said_of_it(client: Timeloom) -> None:
    with client.record(agent_id="agent") as execution:
        execution.effect(EffectKind.CLOCK, response="2026-11-23")
        execution.step(
            "decide",
            {"n": 1},
            kind=SnapshotKind.DECISION_POINT,
            label="here",
            tags=["t"],
            metadata={"m": 1},
            key="k",
            effects=[Effect(kind=EffectKind.TOOL, name="search", request="q", response=["a"])],
        )
        execution.step("next", {"n": 2})
    found = client.snapshots.get(execution.id, 1)
    assert (found.kind, found.label, found.tags) == (SnapshotKind.DECISION_POINT, "here", ("t",))
    assert (found.metadata, found.key) == ({"m": 1}, "k")
    assert [(effect.kind, effect.name, effect.response) for effect in found.effects] == [
        (EffectKind.CLOCK, "", "2026-11-23"),
        (EffectKind.TOOL, "search", ["a"]),
    ]
    assert client.snapshots.get(execution.id, 2).effects == ()


def test_an_exception_fails_the_execution_and_goes_on_its_way(client: Timeloom) -> None:
    def run() -> None:
        with client.record(agent_id="agent") as execution:
            ids.append(execution.id)
            execution.step("before", {"n": 1}, wait=False)
            raise KeyError("missing")

    ids: list[str] = []
    with pytest.raises(KeyError, match="missing"):
        run()
    found = client.executions.get(ids[0])
    assert found.status is ExecutionStatus.FAILED
    assert found.error is not None
    assert (found.error.type, found.error.message) == ("KeyError", "'missing'")
    assert "test_recording.py" in found.error.stack
    assert states_of(client, ids[0]) == [{"n": 1}]


def test_ctrl_c_cancels_the_execution(client: Timeloom) -> None:
    with pytest.raises(KeyboardInterrupt), client.record(agent_id="agent") as execution:
        raise KeyboardInterrupt
    assert client.executions.get(execution.id).status is ExecutionStatus.CANCELLED


def test_steps_that_nobody_waits_for_travel_together_and_in_order(client: Timeloom) -> None:
    with client.record(agent_id="agent") as execution:
        steps = [execution.step(str(number), {"n": number}, wait=False) for number in range(1500)]
        execution.flush()
        assert [step.sequence for step in steps] == list(range(1, 1501))
        assert steps[0].wait() == 1
    assert [snapshot.step_name for snapshot in client.snapshots.list(execution.id, page_size=1000)] == [
        str(number) for number in range(1500)
    ]
    assert client.snapshots.get(execution.id, 1400).state == {"n": 1399}


@pytest.mark.parametrize("when", ["the next step", "flush", "the end"])
def test_an_error_of_a_step_that_nobody_waited_for_comes_up_later(client: Timeloom, when: str) -> None:
    def run() -> None:
        with client.record(agent_id="agent") as execution:
            ids.append(execution.id)
            execution.step("good", {"n": 1})
            bad = execution.step("x" * 501, {"n": 2}, wait=False)
            with pytest.raises(errors.InvalidFieldError):
                bad.wait()
            if when == "the next step":
                execution.step("never", {"n": 3})
            if when == "flush":
                execution.flush()

    ids: list[str] = []
    with pytest.raises(errors.InvalidFieldError):
        run()
    assert states_of(client, ids[0]) == [{"n": 1}]


def test_a_refused_step_harms_neither_its_neighbours_nor_other_executions(client: Timeloom) -> None:
    with client.record(agent_id="one") as one, client.record(agent_id="two") as two:
        steps = []
        for number in range(30):
            name = "x" * 501 if number == 10 else str(number)
            steps.append(one.step(name, {"n": number}, wait=False))
            two.step(str(number), {"n": number}, wait=False)
        with pytest.raises(errors.InvalidFieldError):
            one.flush()
        two.flush()
        assert [step.sequence is None for step in steps] == [number == 10 for number in range(30)]
    assert states_of(client, one.id) == [{"n": number} for number in range(30) if number != 10]
    assert states_of(client, two.id) == [{"n": number} for number in range(30)]


def test_a_state_that_is_not_json_is_named_and_the_next_one_recorded(client: Timeloom) -> None:
    with client.record(agent_id="agent") as execution:
        execution.step("first", {"a": {"b": [1]}})
        with pytest.raises(TypeError, match=r"The state is not JSON: .*date.* \(at /a/b/1\)"):
            execution.step("bad", {"a": {"b": [1, date(2026, 11, 23)]}})
        with pytest.raises(TypeError, match="nan"):
            execution.step("bad", {"a": float("nan")})
        execution.step("second", {"a": {"b": [1, 2]}})
    assert states_of(client, execution.id) == [{"a": {"b": [1]}}, {"a": {"b": [1, 2]}}]


def test_a_default_converts_what_json_does_not_know(client: Timeloom) -> None:
    def convert(value: Any) -> Any:
        return value.isoformat() if isinstance(value, date) else sorted(value)

    with client.record(agent_id="agent", input={"day": date(2026, 1, 1)}, default=convert) as execution:
        execution.step("first", {"days": [date(2026, 1, 1)], "set": {2, 1}})
        execution.step("second", {"days": [date(2026, 1, 1), date(2026, 1, 2)], "set": {2, 1}})
        execution.output = date(2026, 1, 3)
    assert states_of(client, execution.id) == [
        {"days": ["2026-01-01"], "set": [1, 2]},
        {"days": ["2026-01-01", "2026-01-02"], "set": [1, 2]},
    ]
    found = client.executions.get(execution.id)
    assert (found.input, found.output) == ({"day": "2026-01-01"}, "2026-01-03")


def test_sixteen_threads_record_at_once_with_one_client(client: Timeloom) -> None:
    barrier = threading.Barrier(16)

    def run(agent: int) -> str:
        with client.record(agent_id=f"agent {agent}") as execution:
            barrier.wait(30)
            for number in range(25):
                execution.step(str(number), {"agent": agent, "n": number}, wait=number % 3 == 0)
            return execution.id

    with ThreadPoolExecutor(16) as threads:
        ids = list(threads.map(run, range(16)))
    for agent, execution_id in enumerate(ids):
        assert states_of(client, execution_id) == [{"agent": agent, "n": number} for number in range(25)]


def test_threads_may_share_one_execution(client: Timeloom) -> None:
    with client.record(agent_id="agent") as execution, ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda number: execution.step(str(number), {"n": number}), range(80)))
    found = states_of(client, execution.id)
    assert sorted(state["n"] for state in found) == list(range(80))


def test_what_another_writer_records_does_not_stop_an_own_execution(client: Timeloom) -> None:
    with client.record(agent_id="agent") as execution:
        execution.step("first", {"mine": 1, "same": "x" * 100})
        client.snapshots.record(execution.id, {"theirs": 1})
        execution.step("second", {"mine": 2, "same": "x" * 100})
        client.snapshots.record(execution.id, {"theirs": 2})
        for number in (3, 4, 5):
            execution.step(str(number), {"mine": number, "same": "x" * 100}, wait=False)
    assert states_of(client, execution.id) == [
        {"mine": 1, "same": "x" * 100},
        {"theirs": 1},
        {"mine": 2, "same": "x" * 100},
        {"theirs": 2},
        *({"mine": number, "same": "x" * 100} for number in (3, 4, 5)),
    ]


def test_of_two_who_continue_one_execution_the_loser_is_told(client: Timeloom) -> None:
    started = client.executions.create(agent_id="agent")
    client.snapshots.record(started.id, {"n": 0})
    with client.record(agent_id="agent", execution_id=started.id) as execution:
        execution.step("mine", {"n": 1})
        client.snapshots.record(started.id, {"n": "theirs"})
        with pytest.raises(errors.StaleParentError):
            execution.step("lost", {"n": 2})
        execution.step("on top of theirs", {"n": 3})
    assert states_of(client, started.id) == [{"n": 0}, {"n": 1}, {"n": "theirs"}, {"n": 3}]


def test_an_ended_execution_takes_no_more_steps(client: Timeloom) -> None:
    with client.record(agent_id="agent") as execution:
        execution.step("last", {"n": 1})
        client.executions.complete(execution.id)
        with pytest.raises(errors.ExecutionEndedError):
            execution.step("late", {"n": 2})


def test_a_state_above_the_limit_is_refused_with_both_numbers(client: Timeloom) -> None:
    with client.record(agent_id="agent") as execution:
        execution.step("small", {"n": 1})
        with pytest.raises(errors.TooLargeError):
            execution.step("large", {"text": "x" * (65 * 1024 * 1024)})
        execution.step("small again", {"n": 2})
    assert states_of(client, execution.id) == [{"n": 1}, {"n": 2}]


def test_a_server_that_restarts_loses_and_doubles_nothing(service: Service, client: Timeloom) -> None:
    with client.record(agent_id="agent") as execution, ThreadPoolExecutor(1) as thread:
        restarts = thread.submit(service.restart, 3)
        number = 0
        while not restarts.done() or number < 200:
            execution.step(str(number), {"n": number, "list": list(range(number % 50))}, wait=number % 7 == 0)
            number += 1
        restarts.result()
    found = states_of(client, execution.id)
    assert [state["n"] for state in found] == list(range(number))
    assert all(state["list"] == list(range(state["n"] % 50)) for state in found)


def test_a_server_that_stays_away_is_an_error_after_the_timeout(service: Service) -> None:
    with Timeloom(api_key=service.api_key, grpc_address=service.address) as client:
        client.twin.timeout_seconds = 3.0  # of the steps only: calls are patient, however busy the machine is
        with client.record(agent_id="agent") as execution:
            execution.step("before", {"n": 1})
            with service.away(), pytest.raises(errors.RetryableError):
                execution.step("meanwhile", {"n": 2})
            client.executions.get(execution.id)  # waits for the server: that it is back is no part of a step
            execution.step("after", {"n": 3})
        found = states_of(client, execution.id)
        assert found[0] == {"n": 1}
        assert found[-1] == {"n": 3}


def test_closing_gives_up_what_is_not_committed(service: Service) -> None:
    client = Timeloom(api_key=service.api_key, grpc_address=service.address)
    recording = client.record(agent_id="agent")
    execution = recording.__enter__()
    with service.away():
        step = execution.step("never", {"n": 1}, wait=False)
        client.close()
    assert step.sequence is None
    with pytest.raises(errors.ConfigurationError, match="closed"):
        execution.step("late", {"n": 2})
    with pytest.raises(errors.ConfigurationError, match="closed"):
        recording.__exit__(None, None, None)


def test_what_went_wrong_while_failing_does_not_hide_the_error(service: Service) -> None:
    def run() -> None:
        with client.record(agent_id="agent"):
            away.__enter__()
            raise ZeroDivisionError

    away = service.away()
    with Timeloom(api_key=service.api_key, grpc_address=service.address, timeout_seconds=2.0) as client:
        with pytest.raises(ZeroDivisionError) as caught:
            run()
        away.__exit__(None, None, None)
    assert any("could not record" in note for note in caught.value.__notes__)
