"""The AlertsService of the contract: protobuf on one side, the use cases on the other."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import grpc.aio

from timeloom.observability.v1 import alerts_service_pb2 as messages
from timeloom.observability.v1 import alerts_service_pb2_grpc as services
from timeloom_observability.alerts.alerts import Alerts
from timeloom_observability.alerts.answers import alert_message, rule_message
from timeloom_observability.alerts.backtests import Backtests
from timeloom_observability.alerts.requests import wanted_rule
from timeloom_observability.alerts.rules import Rules
from timeloom_platform.auth import current_identity
from timeloom_platform.ids import uuid7
from timeloom_platform.pagination import page_size
from timeloom_platform.server import ServiceBinding
from timeloom_platform.times import optional_time

_Context = grpc.aio.ServicerContext[Any, Any]


class AlertsServicer(services.AlertsServiceServicer):
    """Translates; whatever is decided, the use cases decide."""

    def __init__(self, *, rules: Rules, alerts: Alerts, backtests: Backtests) -> None:
        self._rules = rules
        self._alerts = alerts
        self._backtests = backtests

    def binding(self) -> ServiceBinding:
        """Returns the service, ready to be served."""
        return ServiceBinding(
            add=services.add_AlertsServiceServicer_to_server,
            servicer=self,
            descriptor=messages.DESCRIPTOR.services_by_name["AlertsService"],
        )

    async def CreateAlertRule(
        self, request: messages.CreateAlertRuleRequest, context: _Context
    ) -> messages.CreateAlertRuleResponse:
        rule_id = UUID(request.rule_id) if request.rule_id else uuid7()
        rule = await self._rules.create(_project_id(), wanted_rule(request.rule, rule_id))
        return messages.CreateAlertRuleResponse(rule=rule_message(rule))

    async def GetAlertRule(
        self, request: messages.GetAlertRuleRequest, context: _Context
    ) -> messages.GetAlertRuleResponse:
        rule = await self._rules.get(_project_id(), UUID(request.rule_id))
        return messages.GetAlertRuleResponse(rule=rule_message(rule))

    async def ListAlertRules(
        self, request: messages.ListAlertRulesRequest, context: _Context
    ) -> messages.ListAlertRulesResponse:
        page = await self._rules.list_page(
            _project_id(), page_token=request.page_token, limit=page_size(request.page_size)
        )
        return messages.ListAlertRulesResponse(
            rules=map(rule_message, page.entries), next_page_token=page.next_page_token
        )

    async def UpdateAlertRule(
        self, request: messages.UpdateAlertRuleRequest, context: _Context
    ) -> messages.UpdateAlertRuleResponse:
        wanted = wanted_rule(request.rule, UUID(request.rule_id))
        rule = await self._rules.update(_project_id(), wanted, etag=request.etag)
        return messages.UpdateAlertRuleResponse(rule=rule_message(rule))

    async def DeleteAlertRule(
        self, request: messages.DeleteAlertRuleRequest, context: _Context
    ) -> messages.DeleteAlertRuleResponse:
        await self._rules.delete(_project_id(), UUID(request.rule_id))
        return messages.DeleteAlertRuleResponse()

    async def TestAlertRule(
        self, request: messages.TestAlertRuleRequest, context: _Context
    ) -> messages.TestAlertRuleResponse:
        wanted = wanted_rule(request.rule, uuid7())
        after = optional_time(request, "started_after", "startedAfter")
        alerts = await self._backtests.run(_project_id(), wanted.rule, after=after)
        return messages.TestAlertRuleResponse(alerts=map(alert_message, alerts))

    async def ListAlerts(
        self, request: messages.ListAlertsRequest, context: _Context
    ) -> messages.ListAlertsResponse:
        page = await self._alerts.list_page(
            _project_id(),
            rule_id=UUID(request.rule_id) if request.rule_id else None,
            statuses=request.statuses,
            page_token=request.page_token,
            limit=page_size(request.page_size),
        )
        return messages.ListAlertsResponse(
            alerts=map(alert_message, page.entries), next_page_token=page.next_page_token
        )

    async def AcknowledgeAlert(
        self, request: messages.AcknowledgeAlertRequest, context: _Context
    ) -> messages.AcknowledgeAlertResponse:
        alert = await self._alerts.acknowledge(_project_id(), UUID(request.alert_id))
        return messages.AcknowledgeAlertResponse(alert=alert_message(alert))


def _project_id() -> UUID:
    return UUID(current_identity().project_id)
