"""From values to messages."""

from __future__ import annotations

from datetime import timedelta

from timeloom.observability.v1 import observability_pb2 as nouns
from timeloom_observability.keeping.storage import Retention
from timeloom_observability.model import EPOCH
from timeloom_observability.pricing.table import Price
from timeloom_platform.times import write_time


def price_message(price: Price) -> nouns.Price:
    """Returns a price as messages have it."""
    message = nouns.Price(
        id=str(price.id),
        provider=price.provider,
        model=price.model,
        input_per_million=price.input_per_million,
        output_per_million=price.output_per_million,
        cache_read_per_million=price.cache_read_per_million,
        cache_write_per_million=price.cache_write_per_million,
        input_tokens_max=price.input_tokens_max,
        built_in=price.built_in,
    )
    write_time(message.effective_time, EPOCH + timedelta(microseconds=price.effective_ns // 1_000))
    return message


def retention_message(retention: Retention) -> nouns.Retention:
    """Returns how long telemetry is kept, as messages have it."""
    return nouns.Retention(days=retention.days, metric_days=retention.metric_days)
