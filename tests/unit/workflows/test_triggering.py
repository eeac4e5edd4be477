"""Times that were missed, signatures, and what flow control asks for."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from timeloom_platform.errors import InvalidFieldError
from timeloom_workflows.engine.commands import Flow, Slot
from timeloom_workflows.errors import InvalidSignatureError
from timeloom_workflows.flow.rules import NO_RULES, Collecting, Rate, rules_of
from timeloom_workflows.triggers.schedules import CAUGHT_UP_MAX, due_time, firing_of
from timeloom_workflows.triggers.signatures import WebhookSecrets, sign, verify
from timeloom_workflows.triggers.specs import TriggerSpec, spec_of

NOON = datetime(2026, 11, 23, 12, 0, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def schedule(**others: Any) -> TriggerSpec:
    return spec_of(json.dumps({"type": "cron", "cron": "*/10 * * * *", **others}).encode())


def test_what_is_hardly_late_fires_whatever_the_policy() -> None:
    on_time = NOON.replace(second=0)
    for policy in ("none", "one", "all"):
        firing = firing_of(schedule(catchUp=policy), on_time, NOON)
        assert (firing.times, firing.next_time, firing.dropped) == ((on_time,), on_time + 10 * MINUTE, 0)


@pytest.mark.parametrize(("policy", "kept"), [("none", 0), ("one", 1), ("all", 6)])
def test_missed_times_are_caught_up_as_the_policy_says(policy: str, kept: int) -> None:
    now = NOON + 5 * MINUTE
    firing = firing_of(schedule(catchUp=policy), NOON.replace(hour=11, minute=10, second=0), now)

    last = NOON.replace(second=0)
    assert list(firing.times) == [last - 10 * MINUTE * back for back in reversed(range(kept))]
    assert (firing.next_time, firing.dropped) == (last + 10 * MINUTE, 6 - kept)


def test_a_year_of_missed_times_is_bounded() -> None:
    firing = firing_of(schedule(catchUp="all"), NOON.replace(year=2025, second=0), NOON)

    assert len(firing.times) == CAUGHT_UP_MAX
    assert firing.dropped == 365 * 144 + 1 - CAUGHT_UP_MAX


def test_chance_moves_a_time_alike_for_everybody() -> None:
    spec = schedule(jitter="10m")
    due = {due_time(spec, NOON, salt=salt) for salt in "abcabc"}

    assert len(due) == 3
    assert all(NOON <= each < NOON + 10 * MINUTE for each in due)
    assert due_time(schedule(), NOON, salt="a") == NOON


def test_secrets_differ_by_webhook_generation_and_installation() -> None:
    secrets = WebhookSecrets("one")
    made = {
        secrets.secret("wh_a", 0),
        secrets.secret("wh_a", 1),
        secrets.secret("wh_b", 0),
        WebhookSecrets("two").secret("wh_a", 0),
    }
    assert len(made) == 4
    assert secrets.secret("wh_a", 0) in made


def test_one_right_code_among_several_is_enough() -> None:
    old, new = sign("old", b"{}", seconds=100), sign("new", b"{}", seconds=100)
    both = f"{old},{new.partition(',')[2]}"

    verify(both, b"{}", secret="new", now=101)
    verify(both, b"{}", secret="old", now=101)
    with pytest.raises(InvalidSignatureError):
        verify(both, b"{}", secret="other", now=101)


def rules(control: dict[str, Any], document: Any = None, **others: Any) -> Any:
    return rules_of("w", {"flowControl": control, **others}, json.dumps(document).encode())


def test_what_asks_for_nothing_has_no_rules() -> None:
    assert rules_of("w", {}, None) == NO_RULES


def test_slots_are_told_apart_by_the_values_of_their_keys() -> None:
    limits = [{"limit": 2}, {"limit": 1, "key": "input.user"}, {"limit": 3, "key": "'x'", "scope": "project"}]

    found = rules({"concurrency": limits, "singleton": {}}, {"user": "ada"}, timeouts={"start": "2s"})

    assert found.flow == Flow(
        slots=[
            Slot(key="concurrency[0]/w", limit=2),
            Slot(key='concurrency[1]/w/"ada"', limit=1),
            Slot(key='concurrency//"x"', limit=3),
            Slot(key="singleton/w", limit=1, is_single=True),
        ],
        start_ms=2000,
    )


def test_long_keys_are_told_apart_by_their_hashes() -> None:
    keys = {
        rules({"singleton": {"key": "input"}}, "x" * 1000 + end).flow.slots[0].key for end in ("a", "b", "b")
    }
    assert len(keys) == 2
    assert all(len(key) < 100 for key in keys)


def test_rates_are_even_and_leave_room_for_some_at_once() -> None:
    found = rules(
        {"rateLimit": {"limit": 6, "period": "1m"}, "throttle": {"limit": 2, "period": "1s", "burst": 3}}
    )

    assert found.refusing == Rate(key="rateLimit/w", interval=timedelta(seconds=10), burst=6)
    assert found.delaying == Rate(key="throttle/w", interval=timedelta(milliseconds=500), burst=3)


def test_what_is_collected_begins_in_time_or_when_it_is_full() -> None:
    assert rules({"batch": {"maxSize": 5, "timeout": "1m"}}).collecting == Collecting(
        key="batch/w", is_batch=True, period=MINUTE, size_max=5
    )
    assert rules({"debounce": {"period": "1m", "timeout": "1h"}}).collecting == Collecting(
        key="debounce/w", is_batch=False, period=MINUTE, timeout=timedelta(hours=1)
    )


@pytest.mark.parametrize(
    "control", [{"priority": "input.a"}, {"priority": "'high'"}, {"singleton": {"key": "input.a"}}]
)
def test_an_input_that_gives_an_expression_no_value_is_refused(control: dict[str, Any]) -> None:
    with pytest.raises(InvalidFieldError):
        rules(control, {})
