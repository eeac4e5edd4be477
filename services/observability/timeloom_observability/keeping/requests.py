"""From requests to values, checked beyond what the contract's rules say."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Final
from uuid import UUID

from timeloom.observability.v1 import observability_pb2 as nouns
from timeloom.observability.v1 import telemetry_settings_service_pb2 as messages
from timeloom_observability.keeping.storage import Retention
from timeloom_observability.model import EPOCH
from timeloom_observability.pricing.names import ANY_PROVIDER
from timeloom_observability.pricing.table import Price
from timeloom_platform.errors import InvalidFieldError
from timeloom_platform.ids import uuid7
from timeloom_platform.times import optional_time

PRICE_MAX: Final = 1_000_000.0
"""US dollars for a million tokens."""

_MICROSECOND: Final = timedelta(microseconds=1)
_PRICES: Final = (
    ("input_per_million", "inputPerMillion"),
    ("output_per_million", "outputPerMillion"),
    ("cache_read_per_million", "cacheReadPerMillion"),
    ("cache_write_per_million", "cacheWritePerMillion"),
)


def price_of(request: messages.CreatePriceRequest) -> Price:
    """Returns the price that a request adds.

    Raises:
        InvalidFieldError: A name is not one, a price is no amount, or the time is not within the calendar.
    """
    for name, field in _PRICES:
        amount = getattr(request, name)
        if not (math.isfinite(amount) and 0 <= amount <= PRICE_MAX):
            raise InvalidFieldError.of(field, f"must be an amount from 0 to {PRICE_MAX:,.0f} US dollars")
    effective_time = optional_time(request, "effective_time", "effectiveTime") or EPOCH
    return Price(
        id=uuid7(),
        provider=_provider_of(request.provider),
        model=_model_of(request.model),
        input_per_million=request.input_per_million,
        output_per_million=request.output_per_million,
        cache_read_per_million=_optional(request, "cache_read_per_million"),
        cache_write_per_million=_optional(request, "cache_write_per_million"),
        effective_ns=(effective_time - EPOCH) // _MICROSECOND * 1_000,
    )


def price_id_of(request: messages.DeletePriceRequest) -> UUID:
    """Returns which price a request takes away."""
    return UUID(request.price_id)


def listed_model_of(request: messages.ListPricesRequest) -> str:
    """Returns whose prices a request asks for; empty for all.

    Raises:
        InvalidFieldError: No model is called so.
    """
    _check_name("model", request.model)
    return request.model


def retention_of(retention: nouns.Retention) -> Retention:
    """Returns how long a request wants telemetry to be kept."""
    return Retention(days=retention.days, metric_days=retention.metric_days)


def _provider_of(name: str) -> str:
    if name in ("", ANY_PROVIDER):
        return ANY_PROVIDER
    _check_name("provider", name)
    if "*" in name:
        raise InvalidFieldError.of("provider", "must be a name without *, or * alone for any")
    return name.lower()


def _model_of(name: str) -> str:
    _check_name("model", name)
    if "*" in name[:-1]:
        raise InvalidFieldError.of("model", "may have * at its end only")
    return name.lower()


def _check_name(field: str, name: str) -> None:
    if not name.isprintable() or name != name.strip():
        raise InvalidFieldError.of(
            field, "must be a name without characters that cannot be seen and without spaces around it"
        )


def _optional(request: messages.CreatePriceRequest, name: str) -> float | None:
    return getattr(request, name) if request.HasField(name) else None  # type: ignore[arg-type]
