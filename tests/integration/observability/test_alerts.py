"""Alerts fire once and are resolved once, and everybody who is to be told is told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

import pytest
import pytest_asyncio
from google.protobuf.descriptor_pool import Default

from tests.integration.observability.alarms import (
    alerts,
    checked,
    created,
    event,
    happened,
    kept,
    rule,
    stub,
    told,
    webhook,
)
from tests.integration.observability.events import MILLISECOND, now_ns
from tests.integration.observability.service import Service
from tests.integration.workflows.http_server import Answer, HttpServer, http_server
from timeloom.observability.v1 import alerts_service_pb2 as messages
from timeloom.observability.v1.observability_pb2 import EventFilter, Metric
from timeloom_gateway.transcoding.writing import Writers
from timeloom_observability.alerts import limits, querying, telling, waiting
from timeloom_observability.alerts.checking import Checks
from timeloom_observability.alerts.querying import QueriedMeter
from timeloom_observability.alerts.storage import rules as storage
from timeloom_observability.alerts.storage.rules import DueRule
from timeloom_observability.metrics.metrics import Metrics
from timeloom_observability.model import Cost, CostSource
from timeloom_platform.outgoing.signing import signature
from timeloom_platform.testing import eventually

SECRET = "whsec of the alarm"
FIRING, RESOLVED = messages.ALERT_STATUS_FIRING, messages.ALERT_STATUS_RESOLVED


@pytest.fixture(autouse=True)
def _watchful(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for what tests make due behind the service's back."""
    monkeypatch.setattr(waiting, "POLL_SECONDS_MAX", 0.05)


@dataclass
class Receiver:
    """What calls of the webhook are answered with, one after the other; then with success."""

    statuses: list[int] = field(default_factory=list[int])

    def answer(self) -> Answer:
        return Answer(status=self.statuses.pop(0) if self.statuses else 204)


@pytest_asyncio.fixture
async def receiver() -> Receiver:
    return Receiver()


@pytest_asyncio.fixture
async def hook(receiver: Receiver) -> AsyncIterator[HttpServer]:
    async with http_server(lambda _: receiver.answer()) as server:
        yield server


async def test_an_alert_fires_once_and_is_resolved_once(service: Service, hook: HttpServer) -> None:
    await happened(service, failed=3, succeeded=1)
    actions = [webhook(f"{hook.url}/alarm", secret=SECRET), event("errors.rising")]
    made = await created(service, rule(actions=actions))
    for _ in range(2):
        await checked(service, made.id)
    await happened(service, succeeded=5, trace=2)
    for _ in range(2):
        await checked(service, made.id)

    await eventually(lambda: len(hook.requests) == 2)

    async def delivered() -> bool:
        (alert,) = await alerts(service)
        return all(each.HasField("deliver_time") for each in alert.deliveries)

    await eventually(delivered)
    (alert,) = await alerts(service)
    assert (alert.status, alert.value, alert.threshold, list(alert.group)) == (RESOLVED, 0.75, 0.5, [])
    assert alert.last_value == 3 / 9
    assert alert.pending_time == alert.fire_time
    assert [
        (each.status, each.action_index, each.attempt_count, each.error) for each in alert.deliveries
    ] == [
        (FIRING, 0, 1, ""),
        (FIRING, 1, 1, ""),
        (RESOLVED, 0, 1, ""),
        (RESOLVED, 1, 1, ""),
    ]
    assert [(each.alert.id, each.alert.status, list(each.event_names)) for each in await told(service)] == [
        (alert.id, FIRING, ["errors.rising"]),
        (alert.id, RESOLVED, ["errors.rising"]),
    ]


async def test_a_webhook_is_sent_the_alert_as_rest_shows_it(service: Service, hook: HttpServer) -> None:
    await happened(service, failed=1)
    await created(service, rule(actions=[webhook(f"{hook.url}/alarm", secret=SECRET)]))
    await eventually(lambda: hook.requests)
    (alert,) = await alerts(service)

    (request,) = hook.requests
    alert.ClearField("deliveries")
    shown = Writers(Default()).message(messages.Alert.DESCRIPTOR).write(alert)
    assert request.json() == json.loads(json.dumps(shown))
    assert (request.json()["status"], request.json()["severity"]) == ("FIRING", "ERROR")
    assert request.headers["content-type"] == "application/json"
    assert request.headers["timeloom-delivery"]
    signed = request.headers["timeloom-signature"]
    seconds = int(signed.partition(",")[0].removeprefix("t="))
    assert signed == signature(SECRET, request.body, at=seconds)


async def test_each_group_has_an_alert(service: Service) -> None:
    cost = Cost(total=3.0, source=CostSource.REPORTED)
    await happened(service, succeeded=2, trace=1, user_id="ann", cost=cost)
    await happened(service, succeeded=1, trace=2, user_id="bob", cost=cost)
    await happened(service, succeeded=9, trace=3, cost=cost)
    await created(service, rule(metric=Metric.METRIC_COST, threshold=5, group_by=["user_id"]))

    async def fired() -> bool:
        return bool(await alerts(service))

    await eventually(fired)
    assert [(list(each.group), each.value) for each in await alerts(service)] == [(["ann"], 6.0)]


async def test_a_metric_is_compared_with_the_window_before(service: Service) -> None:
    before_ns = now_ns() - 15 * 60 * 1_000 * MILLISECOND
    await happened(service, succeeded=2, trace=1, start_ns=before_ns)
    await happened(service, succeeded=5, trace=2)
    wanted = rule(
        metric=Metric.METRIC_COUNT,
        comparison=messages.ALERT_COMPARISON_RISES_BY,
        threshold=1,
        group_by=["kind"],
    )
    made = await created(service, wanted)
    await checked(service, made.id)
    assert [(list(each.group), each.value) for each in await alerts(service)] == [(["OTHER"], 5)]


async def test_a_rule_that_has_too_many_groups_says_so(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(querying, "GROUPS_MAX", 1)
    await happened(service, failed=2, trace=1, agent_id="one")
    await happened(service, failed=1, trace=2, agent_id="other")
    made = await created(service, rule(group_by=["agent_id"]))
    found = await checked(service, made.id)
    assert found.check_error == f"Only the {limits.GROUPS_MAX} groups with most events are looked at."
    assert [list(each.group) for each in await alerts(service)] == [["one"]]


async def test_alerts_are_listed_by_pages_and_the_oldest_are_let_go(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telling, "RESOLVED_ALERTS_MAX", 2)
    made = await created(service, rule(metric=Metric.METRIC_COUNT, threshold=-1))
    for threshold in (1, -1, 1, -1, 1, -1):
        await checked(service, made.id)
        made.threshold = threshold
        request = messages.UpdateAlertRuleRequest(rule_id=made.id, rule=made)
        await stub(service).UpdateAlertRule(request, metadata=service.metadata)
    await checked(service, made.id)

    pages, token = list[list[messages.AlertStatus.ValueType]](), ""
    while token or not pages:
        listing = messages.ListAlertsRequest(
            page_size=1, page_token=token, rule_id=made.id, statuses=[FIRING, RESOLVED]
        )
        page = await stub(service).ListAlerts(listing, metadata=service.metadata)
        pages.append([each.status for each in page.alerts])
        token = page.next_page_token
    assert pages == [[FIRING], [RESOLVED], [RESOLVED]]


async def test_that_an_alert_is_resolved_is_told_after_it_fired(
    service: Service, hook: HttpServer, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "DELIVERY_WAIT_SECONDS_MIN", 0.3)
    receiver.statuses = [503]
    await happened(service, failed=1)
    made = await created(service, rule(actions=[webhook(f"{hook.url}/alarm")]))
    await eventually(lambda: hook.requests)
    await happened(service, succeeded=9, trace=2)
    await checked(service, made.id)
    await eventually(lambda: len(hook.requests) == 3)
    assert [each.json()["status"] for each in hook.requests] == ["FIRING", "FIRING", "RESOLVED"]


async def test_what_has_to_hold_for_a_while_is_pending_until_then(service: Service) -> None:
    await happened(service, failed=1)
    made = await created(service, rule(for_seconds=600))
    await checked(service, made.id)
    (alert,) = await alerts(service, statuses=[messages.ALERT_STATUS_PENDING])
    assert not alert.HasField("fire_time")
    assert not await alerts(service, statuses=[FIRING])
    async with service.rows() as connection:
        await connection.execute("UPDATE alerts SET pending_time = pending_time - interval '10 minutes'")
    await checked(service, made.id)
    assert [each.id for each in await alerts(service, statuses=[FIRING])] == [alert.id]
    assert not await alerts(service, statuses=[messages.ALERT_STATUS_UNSPECIFIED])


async def test_what_no_longer_holds_before_its_time_never_fires(service: Service) -> None:
    await happened(service, failed=1)
    made = await created(service, rule(for_seconds=600))
    await checked(service, made.id)
    await happened(service, succeeded=9, trace=2)
    await checked(service, made.id)
    assert not await alerts(service)
    assert not await told(service)


async def test_a_webhook_that_fails_is_called_again_with_the_same_delivery(
    service: Service, hook: HttpServer, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "DELIVERY_WAIT_SECONDS_MIN", 0.05)
    receiver.statuses = [503, 200]
    await happened(service, failed=1)
    await created(service, rule(actions=[webhook(f"{hook.url}/alarm")]))

    async def delivered() -> bool:
        found = await alerts(service)
        return bool(found and found[0].deliveries[0].HasField("deliver_time"))

    await eventually(delivered)
    (alert,) = await alerts(service)
    assert (alert.deliveries[0].attempt_count, alert.deliveries[0].error) == (2, "")
    first, second = hook.requests
    assert first.headers["timeloom-delivery"] == second.headers["timeloom-delivery"]
    assert first.body == second.body


async def test_a_webhook_that_refuses_is_given_up(
    service: Service, hook: HttpServer, receiver: Receiver
) -> None:
    receiver.statuses = [404]
    await happened(service, failed=1)
    await created(service, rule(actions=[webhook(f"{hook.url}/alarm")]))

    async def given_up() -> bool:
        async with service.rows() as connection:
            return bool(
                await connection.fetchval(
                    "SELECT count(*) FROM alert_deliveries WHERE next_attempt_time IS NULL AND error <> ''"
                )
            )

    await eventually(given_up)
    assert len(hook.requests) == 1


async def test_a_webhook_on_a_private_network_is_never_called(service: Service) -> None:
    await happened(service, failed=1)
    await created(service, rule(actions=[webhook("http://169.254.169.254/latest/meta-data")]))

    async def refused() -> str:
        found = await alerts(service)
        return found[0].deliveries[0].error if found else ""

    error = await eventually(refused)
    assert "TIMELOOM_OBSERVABILITY_PRIVATE_HOSTS" in error


async def test_alerts_of_a_rule_that_is_switched_off_are_resolved(service: Service, hook: HttpServer) -> None:
    await happened(service, failed=1)
    made = await created(service, rule(actions=[webhook(f"{hook.url}/alarm")]))
    made = await checked(service, made.id)
    made.enabled = False
    request = messages.UpdateAlertRuleRequest(rule_id=made.id, rule=made)
    await stub(service).UpdateAlertRule(request, metadata=service.metadata)
    (alert,) = await alerts(service)
    assert alert.status == RESOLVED
    assert alert.resolve_time.ToNanoseconds() >= alert.fire_time.ToNanoseconds()
    await eventually(lambda: len(hook.requests) == 2)
    assert [each.json()["status"] for each in hook.requests] == ["FIRING", "RESOLVED"]


async def test_an_alert_is_acknowledged_once(service: Service) -> None:
    await happened(service, failed=1)
    made = await created(service, rule())
    await checked(service, made.id)
    (alert,) = await alerts(service)
    request = messages.AcknowledgeAlertRequest(alert_id=alert.id)
    first = await stub(service).AcknowledgeAlert(request, metadata=service.metadata)
    second = await stub(service).AcknowledgeAlert(request, metadata=service.metadata)
    assert first.alert == second.alert
    assert first.alert.HasField("acknowledge_time")


async def test_a_rule_that_cannot_be_checked_says_why(service: Service) -> None:
    made = await created(service, rule(filter=EventFilter(tags=["one"])))
    assert (await checked(service, made.id)).check_error == ""
    async with service.rows() as connection:
        # What an older version has let through.
        broken = EventFilter(attributes=["none"]).SerializeToString()
        await connection.execute("UPDATE alert_rules SET filter = $1", broken)
    assert (await checked(service, made.id)).check_error == "rule.filter.attributes[0] must be `name=value`"
    assert (await kept(service, made.id)).check_time.seconds


async def test_a_check_that_is_made_twice_counts_once(service: Service) -> None:
    await happened(service, failed=1)
    # Nobody else checks it.
    made = await created(service, rule(enabled=False))
    meter = QueriedMeter(Metrics(service.database, lambda: datetime.now(UTC)))
    checks = Checks(service.database, meter, told=lambda: None)
    async with service.rows() as connection:
        found = await storage.select(connection, service.project_id, UUID(made.id))
        time, now = await connection.fetchrow("SELECT next_check_time, clock_timestamp() FROM alert_rules")
    assert found is not None
    due = DueRule(project_id=service.project_id, rule=found, taken_until=time, now=now)

    await asyncio.gather(*(checks.check(due) for _ in range(3)))

    assert len(await alerts(service)) == 1
    assert len(await told(service)) == 1
