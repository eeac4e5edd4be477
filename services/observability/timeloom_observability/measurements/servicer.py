"""The MeasurementsService of the contract: protobuf on one side, the use cases on the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import grpc.aio

from timeloom.observability.v1 import measurements_service_pb2 as messages
from timeloom.observability.v1 import measurements_service_pb2_grpc as services
from timeloom_observability.measurements.measurements import Measurements
from timeloom_observability.measurements.model import Instrument, Measured, MeasurementsQuery
from timeloom_platform.auth import current_identity
from timeloom_platform.errors import InvalidFieldError
from timeloom_platform.pagination import page_size
from timeloom_platform.server import ServiceBinding
from timeloom_platform.times import optional_time, timestamp

_Context = grpc.aio.ServicerContext[Any, Any]


class MeasurementsServicer(services.MeasurementsServiceServicer):
    """Translates; whatever is reckoned, the use cases reckon."""

    def __init__(self, measurements: Measurements) -> None:
        self._measurements = measurements

    def binding(self) -> ServiceBinding:
        """Returns the service, ready to be served."""
        return ServiceBinding(
            add=services.add_MeasurementsServiceServicer_to_server,
            servicer=self,
            descriptor=messages.DESCRIPTOR.services_by_name["MeasurementsService"],
        )

    async def ListInstruments(
        self, request: messages.ListInstrumentsRequest, context: _Context
    ) -> messages.ListInstrumentsResponse:
        page = await self._measurements.list_page(
            _project_id(),
            prefix=request.prefix,
            page_token=request.page_token,
            limit=page_size(request.page_size),
        )
        return messages.ListInstrumentsResponse(
            instruments=map(_instrument, page.entries), next_page_token=page.next_page_token
        )

    async def QueryMeasurements(
        self, request: messages.QueryMeasurementsRequest, context: _Context
    ) -> messages.QueryMeasurementsResponse:
        query = MeasurementsQuery(
            name=request.name,
            after=optional_time(request, "started_after", "startedAfter"),
            before=optional_time(request, "started_before", "startedBefore"),
            step_seconds=request.step_seconds,
            group_by=_distinct(request.group_by),
            attributes=_attributes(request.attributes),
        )
        answer = await self._measurements.query(_project_id(), query)
        return messages.QueryMeasurementsResponse(
            instrument=_instrument(answer.instrument),
            series=[
                messages.MeasurementSeries(group=group, points=map(_point, points))
                for group, points in answer.groups
            ],
            times=map(timestamp, answer.times),
        )


def _project_id() -> UUID:
    return UUID(current_identity().project_id)


def _distinct(names: Sequence[str]) -> tuple[str, ...]:
    if len(set(names)) < len(names):
        raise InvalidFieldError.of("groupBy", "must not name an attribute twice")
    return tuple(names)


def _attributes(pairs: Sequence[str]) -> dict[str, str]:
    attributes: dict[str, str] = {}
    for index, pair in enumerate(pairs):
        name, equals, value = pair.partition("=")
        if not (name and equals):
            raise InvalidFieldError.of(f"attributes[{index}]", "must be `name=value`")
        if attributes.setdefault(name, value) != value:
            raise InvalidFieldError.of(
                f"attributes[{index}]", "must not ask for another value of an attribute"
            )
    return attributes


def _instrument(instrument: Instrument) -> messages.Instrument:
    return messages.Instrument(
        name=instrument.name,
        kind=messages.InstrumentKind.ValueType(instrument.kind),
        unit=instrument.unit,
        description=instrument.description,
        attribute_names=instrument.attribute_names,
        service_names=instrument.service_names,
        last_time=timestamp(instrument.last_time),
    )


def _point(measured: Measured) -> messages.MeasurementPoint:
    p50, p95, p99 = measured.quantiles
    return messages.MeasurementPoint(
        count=measured.count,
        sum=measured.sum,
        last=measured.last,
        min=measured.min,
        max=measured.max,
        p50=p50,
        p95=p95,
        p99=p99,
    )
