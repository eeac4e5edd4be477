"""The TelemetrySettingsService of the contract: protobuf on one side, the use cases on the other."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import grpc.aio

from timeloom.observability.v1 import telemetry_settings_service_pb2 as messages
from timeloom.observability.v1 import telemetry_settings_service_pb2_grpc as services
from timeloom_observability.keeping import storage
from timeloom_observability.keeping.answers import price_message, retention_message
from timeloom_observability.keeping.prices import Prices
from timeloom_observability.keeping.requests import (
    listed_model_of,
    price_id_of,
    price_of,
    retention_of,
)
from timeloom_platform.auth import current_identity
from timeloom_platform.database import Database
from timeloom_platform.pagination import page_size
from timeloom_platform.server import ServiceBinding

_Context = grpc.aio.ServicerContext[Any, Any]


class TelemetrySettingsServicer(services.TelemetrySettingsServiceServicer):
    """Translates; whatever is decided, the use cases decide."""

    def __init__(self, *, prices: Prices, database: Database) -> None:
        self._prices = prices
        self._database = database

    def binding(self) -> ServiceBinding:
        """Returns the service, ready to be served."""
        return ServiceBinding(
            add=services.add_TelemetrySettingsServiceServicer_to_server,
            servicer=self,
            descriptor=messages.DESCRIPTOR.services_by_name["TelemetrySettingsService"],
        )

    async def GetRetention(
        self, request: messages.GetRetentionRequest, context: _Context
    ) -> messages.GetRetentionResponse:
        project_id = _project_id()
        async with self._database.reading(str(project_id)) as connection:
            retention = await storage.select_retention(connection, project_id)
        return messages.GetRetentionResponse(retention=retention_message(retention))

    async def UpdateRetention(
        self, request: messages.UpdateRetentionRequest, context: _Context
    ) -> messages.UpdateRetentionResponse:
        project_id, retention = _project_id(), retention_of(request.retention)
        async with self._database.transaction(str(project_id)) as connection:
            await storage.upsert_retention(connection, project_id, retention)
        return messages.UpdateRetentionResponse(retention=retention_message(retention))

    async def ListPrices(
        self, request: messages.ListPricesRequest, context: _Context
    ) -> messages.ListPricesResponse:
        page = await self._prices.list_page(
            _project_id(),
            model=listed_model_of(request),
            page_token=request.page_token,
            limit=page_size(request.page_size),
        )
        return messages.ListPricesResponse(
            prices=map(price_message, page.entries), next_page_token=page.next_page_token
        )

    async def CreatePrice(
        self, request: messages.CreatePriceRequest, context: _Context
    ) -> messages.CreatePriceResponse:
        price = price_of(request)
        await self._prices.create(_project_id(), price)
        return messages.CreatePriceResponse(price=price_message(price))

    async def DeletePrice(
        self, request: messages.DeletePriceRequest, context: _Context
    ) -> messages.DeletePriceResponse:
        await self._prices.delete(_project_id(), price_id_of(request))
        return messages.DeletePriceResponse()


def _project_id() -> UUID:
    return UUID(current_identity().project_id)
