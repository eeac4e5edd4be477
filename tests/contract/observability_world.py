"""What a project has in the observability service, made as a caller makes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import grpc.aio

from timeloom.observability.v1 import scores_service_pb2 as score_messages
from timeloom.observability.v1 import scores_service_pb2_grpc as score_services
from timeloom.observability.v1 import telemetry_settings_service_pb2 as setting_messages
from timeloom.observability.v1 import telemetry_settings_service_pb2_grpc as setting_services

NEEDS: Final = ("score", "price")


async def make(channel: grpc.aio.Channel, headers: Mapping[str, str], needs: str) -> dict[str, str]:
    """Makes a thing, and returns its id.

    Args:
        channel: To the services.
        headers: Those of a caller who may do everything in the project.
        needs: One of `NEEDS`.
    """
    metadata = tuple(headers.items())
    if needs == "score":
        scores: Any = score_services.ScoresServiceStub(channel)
        given = score_messages.CreateScoreRequest(name="truth", value=1, session_id="talk")
        return {needs: (await scores.CreateScore(given, metadata=metadata)).score.id}
    settings: Any = setting_services.TelemetrySettingsServiceStub(channel)
    added = setting_messages.CreatePriceRequest(model="house-model", input_per_million=1)
    return {needs: (await settings.CreatePrice(added, metadata=metadata)).price.id}
