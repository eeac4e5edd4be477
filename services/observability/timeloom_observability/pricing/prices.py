"""The list prices that come with Timeloom.

`prices.json` has them by provider and model, in US dollars for a million tokens: those of texts that are
answered at once, without discounts. A price is there only if it is certain; where it depends on the size of
the input, up to that size.
"""

from __future__ import annotations

import functools
from datetime import UTC, datetime
from importlib import resources
from typing import Final
from uuid import UUID, uuid5

from msgspec import Struct, json

from timeloom_observability import pricing
from timeloom_observability.pricing.table import NS_PER_SECOND, Price

_LIST: Final = UUID("0d7a3f5e-4c0f-5c2b-8a39-6f0f4d1c9b27")
"""The name space of list prices."""


class _Listed(Struct, frozen=True, forbid_unknown_fields=True):
    input: float
    output: float = 0.0
    cache_read: float | None = None
    cache_write: float | None = None
    since: str = "1970-01-01"
    input_tokens_max: int | None = None


@functools.cache
def built_in_prices() -> tuple[Price, ...]:
    """Returns all list prices."""
    text = resources.files(pricing).joinpath("prices.json").read_bytes()
    listed = json.decode(text, type=dict[str, dict[str, tuple[_Listed, ...]]])
    return tuple(
        _price(provider, model, price)
        for provider, models in listed.items()
        for model, prices in models.items()
        for price in prices
    )


def _price(provider: str, model: str, listed: _Listed) -> Price:
    since = datetime.fromisoformat(listed.since).replace(tzinfo=UTC)
    return Price(
        id=uuid5(_LIST, f"{provider}/{model}/{listed.since}"),
        provider=provider,
        model=model,
        input_per_million=listed.input,
        output_per_million=listed.output,
        cache_read_per_million=listed.cache_read,
        cache_write_per_million=listed.cache_write,
        input_tokens_max=listed.input_tokens_max,
        effective_ns=int(since.timestamp()) * NS_PER_SECOND,
        built_in=True,
    )
