"""Alerts: rules over metrics of events, and what they found."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from timeloom import _convert as convert
from timeloom._calls import Connection
from timeloom._ids import uuid7
from timeloom._messages import filled, read, write
from timeloom._pages import AsyncPager
from timeloom.aio._listing import listed
from timeloom.alerts import Alert, AlertRule, AlertStatus
from timeloom.observability.v1 import alerts_service_pb2 as pb


class AsyncAlerts:
    """The project's rules over metrics of events, and the alerts that they raise."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def list(
        self,
        *,
        rule_id: str = "",
        statuses: Iterable[AlertStatus] = (),
        limit: int | None = None,
        page_size: int = 200,
    ) -> AsyncPager[Alert]:
        """List alerts, newest first: all, those of a rule, or those that stand so."""
        request = filled(pb.ListAlertsRequest(rule_id=rule_id), statuses=tuple(statuses))
        return listed(
            self._connection,
            lambda: self._connection.alerts.ListAlerts,
            request,
            kind=Alert,
            field="alerts",
            limit=limit,
            page_size=page_size,
        )

    async def acknowledge(self, alert_id: str) -> Alert:
        """Note that somebody has seen an alert."""
        request = pb.AcknowledgeAlertRequest(alert_id=alert_id)
        response = await self._connection.unary(self._connection.alerts.AcknowledgeAlert, request)
        return read(Alert, response.alert)

    async def create_rule(self, rule: AlertRule) -> AlertRule:
        """Add a rule, and return it. Its `id` may be a UUID of your own.

        Raises:
            InvalidFieldError: A value is not allowed; the violations name it.
        """
        rule_id = rule.id or uuid7()
        request = pb.CreateAlertRuleRequest(rule_id=rule_id, rule=write(rule, pb.AlertRule))
        response = await self._connection.unary(self._connection.alerts.CreateAlertRule, request)
        return read(AlertRule, response.rule)

    async def rule(self, rule_id: str) -> AlertRule:
        """Return a rule.

        Raises:
            NotFoundError: There is none.
        """
        request = pb.GetAlertRuleRequest(rule_id=rule_id)
        response = await self._connection.unary(self._connection.alerts.GetAlertRule, request)
        return read(AlertRule, response.rule)

    def rules(self, *, limit: int | None = None, page_size: int = 200) -> AsyncPager[AlertRule]:
        """List rules by name."""
        return listed(
            self._connection,
            lambda: self._connection.alerts.ListAlertRules,
            pb.ListAlertRulesRequest(),
            kind=AlertRule,
            field="rules",
            limit=limit,
            page_size=page_size,
        )

    async def update_rule(self, rule: AlertRule) -> AlertRule:
        """Put a rule in the place of the one with its `id`; refuse it if that has another `etag` by now.

        Raises:
            NotFoundError: There is none.
            EtagMismatchError: Somebody else changed it.
        """
        request = pb.UpdateAlertRuleRequest(rule_id=rule.id, rule=write(rule, pb.AlertRule), etag=rule.etag)
        response = await self._connection.unary(self._connection.alerts.UpdateAlertRule, request)
        return read(AlertRule, response.rule)

    async def delete_rule(self, rule_id: str) -> None:
        """Delete a rule with its alerts."""
        request = pb.DeleteAlertRuleRequest(rule_id=rule_id)
        await self._connection.unary(self._connection.alerts.DeleteAlertRule, request)

    async def test_rule(self, rule: AlertRule, *, started_after: datetime | None = None) -> tuple[Alert, ...]:
        """Return the alerts that a rule would have raised, oldest first; nothing is kept or sent.

        Args:
            rule: Need not be there.
            started_after: From then on, at most a week; the last day if None.
        """
        request = pb.TestAlertRuleRequest(
            rule=write(rule, pb.AlertRule), started_after=convert.timestamp(started_after)
        )
        response = await self._connection.unary(self._connection.alerts.TestAlertRule, request)
        return tuple(read(Alert, each) for each in response.alerts)
