"""Rules are kept as they were written, and refused by name where they make no sense."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from tests.integration.observability.alarms import (
    alerts,
    checked,
    created,
    event,
    happened,
    kept,
    rule,
    stub,
    webhook,
)
from tests.integration.observability.service import Service
from tests.integration.snapshots.service import refused
from timeloom.observability.v1 import alerts_service_pb2 as messages
from timeloom.observability.v1.observability_pb2 import EventFilter, Metric
from timeloom_observability.alerts import rules as rules_module
from timeloom_observability.alerts import waiting
from timeloom_platform.auth import Scope

SECRET = "whsec top secret"
URL = "https://alarms.example/hook"


@pytest.fixture(autouse=True)
def _watchful(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for what tests make due behind the service's back."""
    monkeypatch.setattr(waiting, "POLL_SECONDS_MAX", 0.05)


async def updated(service: Service, wanted: messages.AlertRule, **fields: Any) -> messages.AlertRule:
    request = messages.UpdateAlertRuleRequest(rule_id=wanted.id, rule=wanted, **fields)
    answer = await stub(service).UpdateAlertRule(request, metadata=service.metadata)
    found: messages.AlertRule = answer.rule
    return found


async def test_a_rule_is_kept_as_it_was_written(service: Service) -> None:
    wanted = rule(
        enabled=False,
        description="too many failures",
        filter=EventFilter(models=["gpt-4o"]),
        group_by=["agent_id", "user_id"],
        recovery_threshold=0.25,
        for_seconds=120,
        event_count_min=10,
        actions=[webhook(URL, secret=SECRET), event("alarm.raised")],
    )
    made = await created(service, wanted)

    assert made == await kept(service, made.id)
    assert made.id
    assert made.etag
    assert made.HasField("create_time")
    expected = messages.AlertRule()
    expected.CopyFrom(wanted)
    expected.actions[0].webhook.secret = ""
    expected.actions[0].webhook.has_secret = True
    for name in ("id", "etag", "create_time", "update_time"):
        made.ClearField(name)
    assert made == expected


async def test_a_secret_is_only_kept_sealed(service: Service) -> None:
    await created(service, rule(enabled=False, actions=[webhook(URL, secret=SECRET)]))
    async with service.rows() as connection:
        row = await connection.fetchval("SELECT to_jsonb(alert_rules)::text FROM alert_rules")
    assert SECRET not in row
    assert "sealed_secret" in row


async def test_creation_may_be_repeated_with_the_same_id(service: Service) -> None:
    rule_id = str(uuid4())
    wanted = rule(enabled=False, actions=[webhook(URL, secret=SECRET)])
    first = await created(service, wanted, rule_id)
    assert await created(service, wanted, rule_id) == first
    refusal = await refused(created(service, rule(name="another"), rule_id))
    assert refusal.reason == "ALREADY_EXISTS"


async def test_a_project_has_a_bounded_number_of_rules(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules_module, "RULES_MAX", 1)
    await created(service, rule(enabled=False))
    refusal = await refused(created(service, rule(enabled=False)))
    assert (refusal.reason, "at most 1" in refusal.message) == ("INVALID_FIELD", True)


REFUSED: Sequence[tuple[dict[str, Any], str]] = [
    ({"metric": 99}, "rule.metric"),
    ({"comparison": 99}, "rule.comparison"),
    ({"severity": 99}, "rule.severity"),
    ({"threshold": float("nan")}, "rule.threshold"),
    ({"threshold": 1.5}, "rule.threshold"),
    ({"recovery_threshold": 0.6}, "rule.recoveryThreshold"),
    ({"recovery_threshold": float("-inf")}, "rule.recoveryThreshold"),
    (
        {"comparison": messages.ALERT_COMPARISON_BELOW, "recovery_threshold": 0.4},
        "rule.recoveryThreshold",
    ),
    ({"comparison": messages.ALERT_COMPARISON_RISES_BY, "threshold": -1}, "rule.threshold"),
    ({"comparison": messages.ALERT_COMPARISON_FALLS_BY, "threshold": 1}, "rule.threshold"),
    ({"filter": EventFilter(started_after=Timestamp(seconds=1))}, "rule.filter.startedAfter"),
    ({"filter": EventFilter(started_before=Timestamp(seconds=1))}, "rule.filter.startedBefore"),
    ({"filter": EventFilter(attributes=["none"])}, "rule.filter.attributes[0]"),
    ({"group_by": ["model", "model"]}, "rule.groupBy"),
    ({"group_by": ["status"]}, "rule.groupBy[0]"),
    ({"window_seconds": 59}, "rule.windowSeconds"),
    ({"actions": [messages.AlertAction()]}, "rule.actions[0]"),
    ({"actions": [webhook("ftp://alarms.example")]}, "rule.actions[0].webhook.url"),
    ({"actions": [webhook("https://ann:pw@alarms.example")]}, "rule.actions[0].webhook.url"),
    ({"actions": [webhook("https://:443/")]}, "rule.actions[0].webhook.url"),
    ({"actions": [webhook(URL, has_secret=True)]}, "rule.actions[0].webhook.secret"),
    ({"actions": [event("timeloom/alarm")]}, "rule.actions[0].event.name"),
]


async def test_what_makes_no_sense_is_refused_by_its_name(service: Service) -> None:
    for fields, field in REFUSED:
        refusal = await refused(created(service, rule(**fields)))
        assert (refusal.reason, refusal.message.split(" ")[0]) == ("INVALID_FIELD", field)


async def test_rules_are_listed_by_name(service: Service) -> None:
    for name in ("c", "a", "b"):
        await created(service, rule(name=name, enabled=False))
    names, token = list[str](), ""
    while True:
        request = messages.ListAlertRulesRequest(page_size=2, page_token=token)
        page = await stub(service).ListAlertRules(request, metadata=service.metadata)
        names += [each.name for each in page.rules]
        if not (token := page.next_page_token):
            break
    assert names == ["a", "b", "c"]


async def test_a_change_is_refused_to_whoever_read_another_rule(service: Service) -> None:
    made = await created(service, rule(enabled=False))
    changed = await updated(service, rule(id=made.id, name="new", enabled=False), etag=made.etag)
    assert (changed.name, changed.etag != made.etag) == ("new", True)
    refusal = await refused(updated(service, rule(id=made.id, enabled=False), etag=made.etag))
    assert (refusal.reason, refusal.metadata["etag"]) == ("ETAG_MISMATCH", changed.etag)


async def test_a_webhook_keeps_its_secret_if_it_is_to(service: Service) -> None:
    async def sealed() -> str:
        async with service.rows() as connection:
            actions: str = await connection.fetchval("SELECT actions FROM alert_rules")
        return actions

    made = await created(service, rule(enabled=False, actions=[webhook(URL, secret=SECRET)]))
    before = await sealed()
    made = await updated(service, rule(id=made.id, enabled=False, actions=made.actions))
    assert (await sealed(), made.actions[0].webhook.has_secret) == (before, True)
    made = await updated(service, rule(id=made.id, enabled=False, actions=[webhook(URL)]))
    assert not made.actions[0].webhook.has_secret


async def test_a_rule_goes_with_its_alerts(service: Service) -> None:
    await happened(service, failed=2)
    made = await created(service, rule())
    await checked(service, made.id)
    assert len(await alerts(service)) == 1
    request = messages.DeleteAlertRuleRequest(rule_id=made.id)
    await stub(service).DeleteAlertRule(request, metadata=service.metadata)
    assert not await alerts(service)
    assert (await refused(kept(service, made.id))).reason == "NOT_FOUND"


async def test_another_project_sees_no_rules_and_no_alerts(service: Service) -> None:
    await happened(service, failed=2)
    made = await created(service, rule())
    await checked(service, made.id)
    metadata = service.metadata_of(uuid4(), Scope.WRITE)
    listed = await stub(service).ListAlerts(messages.ListAlertsRequest(), metadata=metadata)
    rules = await stub(service).ListAlertRules(messages.ListAlertRulesRequest(), metadata=metadata)
    assert (len(listed.alerts), len(rules.rules)) == (0, 0)


async def test_a_rule_is_tested_on_the_past(service: Service) -> None:
    await happened(service, failed=3, succeeded=1, agent_id="planner")
    wanted = rule(group_by=["agent_id"], metric=Metric.METRIC_ERROR_COUNT, threshold=2)
    after = Timestamp()
    after.GetCurrentTime()
    after.seconds -= 300
    request = messages.TestAlertRuleRequest(rule=wanted, started_after=after)
    answer = await stub(service).TestAlertRule(request, metadata=service.metadata)
    found = [(each.status, list(each.group), each.value) for each in answer.alerts]
    assert found == [(messages.ALERT_STATUS_FIRING, ["planner"], 3)]
    assert not await alerts(service)


async def test_the_past_that_is_tested_is_bounded(service: Service) -> None:
    request = messages.TestAlertRuleRequest(rule=rule(), started_after=Timestamp(seconds=1))
    refusal = await refused(stub(service).TestAlertRule(request, metadata=service.metadata))
    assert refusal.message == "startedAfter must be at most 7 days ago"
