"""The service is killed while alerts fire and are resolved: each does so once, and somebody is told."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import grpc
import grpc.aio
import pytest

from tests.fault.observability.service_process import ServiceProcess, service_process
from tests.integration.workflows.http_server import Answer, HttpServer, http_server
from timeloom.observability.v1 import alerts_service_pb2 as messages
from timeloom.observability.v1 import alerts_service_pb2_grpc as services
from timeloom.observability.v1.observability_pb2 import Metric
from timeloom_observability.assembly import ROOM
from timeloom_platform.database import Database
from timeloom_platform.embedded.nats import EmbeddedNats
from timeloom_platform.embedded.postgres import EmbeddedPostgres
from timeloom_platform.testing import eventually

pytestmark = [pytest.mark.fault, pytest.mark.timeout(180)]

KILL_SECONDS_MAX = 0.06
"""Within so long a check is made and its webhook is called."""

HOLDS, IS_OVER = 1_000.0, 0.0
"""Thresholds above and below what is counted: nothing."""

# What a killed process had taken is due again when its lease is over: nobody waits for that here.
END_LEASES = """
WITH rules AS (UPDATE alert_rules SET next_check_time = now())

UPDATE alert_deliveries SET next_attempt_time = now() WHERE next_attempt_time IS NOT NULL
"""
COUNT_WAITING = "SELECT count(*) FROM alert_deliveries WHERE next_attempt_time IS NOT NULL"


@dataclass(frozen=True, kw_only=True)
class Running:
    """A service process that is killed, and its database."""

    process: ServiceProcess
    database: Database
    project_id: UUID
    rng: random.Random

    async def call(self, method: str, request: Any) -> Any:
        """Calls a method until it is answered: whoever is killed may be asked again."""
        metadata = tuple(self.process.headers_of(self.project_id).items())
        async with grpc.aio.insecure_channel(self.process.address) as channel:
            stub: Any = services.AlertsServiceStub(channel)
            return await getattr(stub, method)(request, metadata=metadata, timeout=10, wait_for_ready=True)

    async def turn(self, rule: messages.AlertRule, threshold: float) -> None:
        """Gives a rule another threshold, and kills the service while it acts on that."""
        rule.threshold = threshold
        await self.call("UpdateAlertRule", messages.UpdateAlertRuleRequest(rule_id=rule.id, rule=rule))
        await asyncio.sleep(self.rng.random() * KILL_SECONDS_MAX)
        await self.process.server.kill()
        async with self.database.transaction(str(self.project_id)) as connection:
            await connection.execute(END_LEASES)
        await self.process.server.start()

    async def alerts(self) -> Sequence[messages.Alert]:
        """Returns all alerts, the oldest first."""
        answer = await self.call("ListAlerts", messages.ListAlertsRequest())
        return list(reversed(answer.alerts))

    async def until(self, expected: Sequence[messages.AlertStatus.ValueType]) -> None:
        """Waits until alerts have these statuses, and everybody was told."""

        async def is_so() -> bool:
            async with self.database.transaction(str(self.project_id)) as connection:
                waiting = await connection.fetchval(COUNT_WAITING)
            return not waiting and [each.status for each in await self.alerts()] == list(expected)

        await eventually(is_so)


@asynccontextmanager
async def _running(tmp_path: Path, postgres: EmbeddedPostgres, nats: EmbeddedNats) -> AsyncGenerator[Running]:
    settings = {"TIMELOOM_OBSERVABILITY_PRIVATE_HOSTS": "localhost"}
    process = service_process(tmp_path, database_url=postgres.url, nats_url=nats.url, settings=settings)
    await process.server.start()
    try:
        database = await Database.connect(postgres.url, room=ROOM)
        try:
            yield Running(process=process, database=database, project_id=uuid4(), rng=random.Random(3))
        finally:
            await database.close()
    finally:
        await process.server.kill()


def _silence(hook: HttpServer) -> messages.AlertRule:
    webhook = messages.AlertWebhook(url=f"{hook.url}/alarm")
    return messages.AlertRule(
        name="silence",
        enabled=True,
        metric=Metric.METRIC_COUNT,
        window_seconds=60,
        comparison=messages.ALERT_COMPARISON_BELOW,
        threshold=IS_OVER,
        actions=[messages.AlertAction(webhook=webhook)],
    )


async def test_alerts_fire_once_and_are_resolved_once_whoever_is_killed(
    tmp_path: Path, private_postgres: EmbeddedPostgres, nats_server: EmbeddedNats
) -> None:
    firing, resolved = messages.ALERT_STATUS_FIRING, messages.ALERT_STATUS_RESOLVED
    async with (
        http_server(lambda _: Answer()) as hook,
        _running(tmp_path, private_postgres, nats_server) as running,
    ):
        request = messages.CreateAlertRuleRequest(rule=_silence(hook))
        rule = (await running.call("CreateAlertRule", request)).rule
        await running.turn(rule, HOLDS)
        await running.until([firing])
        await running.turn(rule, IS_OVER)
        await running.until([resolved])
        alerts = await running.alerts()

    expected = [(each.id, status) for each in alerts for status in ("FIRING", "RESOLVED")]
    told = {each.headers["timeloom-delivery"]: each.json() for each in hook.requests}
    assert [(each["id"], each["status"]) for each in told.values()] == expected
