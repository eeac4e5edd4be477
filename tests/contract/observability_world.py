"""What a project has in the observability service, made as a caller makes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

import grpc.aio

from tests.integration.observability.events import span
from tests.integration.observability.service import Service
from timeloom.observability.v1 import observability_service_pb2 as event_messages
from timeloom.observability.v1 import observability_service_pb2_grpc as event_services
from timeloom.observability.v1 import scores_service_pb2 as score_messages
from timeloom.observability.v1 import scores_service_pb2_grpc as score_services
from timeloom.observability.v1 import telemetry_settings_service_pb2 as setting_messages
from timeloom.observability.v1 import telemetry_settings_service_pb2_grpc as setting_services

NEEDS: Final = ("score", "price", "event")
TRACED: Final = ("trace", "conversation")
"""What only spans make."""


async def make(channel: grpc.aio.Channel, headers: Mapping[str, str], needs: str) -> dict[str, str]:
    """Makes a thing, and returns its id.

    Args:
        channel: To the services.
        headers: Those of a caller who may do everything in the project.
        needs: One of `NEEDS`.
    """
    metadata = tuple(headers.items())
    if needs == "event":
        events: Any = event_services.ObservabilityServiceStub(channel)
        reported = event_messages.CreateEventsRequest(events=[event_messages.NewEvent(name="deployed")])
        return {needs: (await events.CreateEvents(reported, metadata=metadata)).event_ids[0]}
    if needs == "score":
        scores: Any = score_services.ScoresServiceStub(channel)
        given = score_messages.CreateScoreRequest(name="truth", value=1, session_id="talk")
        return {needs: (await scores.CreateScore(given, metadata=metadata)).score.id}
    settings: Any = setting_services.TelemetrySettingsServiceStub(channel)
    added = setting_messages.CreatePriceRequest(model="house-model", input_per_million=1)
    return {needs: (await settings.CreatePrice(added, metadata=metadata)).price.id}


async def make_traced(service: Service, project_id: str, needs: str) -> dict[str, str]:
    """Makes a span, and returns the id of its trace or of the conversation that it names."""
    one = span(UUID(project_id), session_id="talk")
    await service.take([one], project_id=UUID(project_id))
    return {needs: one.trace_id if needs == "trace" else one.session_id}
