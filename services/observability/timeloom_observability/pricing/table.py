"""What calls of models cost: the price that held when one began, or nothing that is known.

A project's own prices go before those that come with Timeloom. Of the prices of one list, the longest name of
a model that matches counts, of its prices the latest. A name matches exactly, as a beginning with `*` at its
end, or without the date of a snapshot; a model that merely resembles another has no price.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from msgspec import Struct, structs

from timeloom_observability.limits import COST_MAX
from timeloom_observability.model import Cost, CostSource, TokenUsage
from timeloom_observability.pricing.names import ANY_PROVIDER, names_of, provider_of

NS_PER_SECOND: Final = 1_000_000_000
_MILLION: Final = 1_000_000
_MODELS_KEPT_MAX: Final = 4_096
"""The models whose prices are remembered; with more of them it is begun anew."""


class Price(Struct, frozen=True, kw_only=True):
    """What a model costs from some time on, in US dollars for a million tokens.

    Attributes:
        provider: `*` for any.
        model: Its name, or the beginning of several with `*` at its end.
        cache_read_per_million: As the input if None; so is `cache_write_per_million`.
        input_tokens_max: What has a larger input costs something else.
    """

    id: UUID
    provider: str = ANY_PROVIDER
    model: str
    input_per_million: float
    output_per_million: float
    cache_read_per_million: float | None = None
    cache_write_per_million: float | None = None
    input_tokens_max: int | None = None
    effective_ns: int = 0
    built_in: bool = False

    def matches(self, provider: str, name: str) -> bool:
        """Whether it is the price of a model at a provider, both as `names` has them."""
        if provider not in (self.provider, ANY_PROVIDER) and self.provider != ANY_PROVIDER:
            return False
        if self.model.endswith("*"):
            return name.startswith(self.model[:-1])
        return name == self.model


class PriceTable:
    """The prices of one project."""

    def __init__(self, own: Iterable[Price], built_in: Iterable[Price]) -> None:
        """Looks into the project's own prices first."""
        self._lists = tuple(sorted(map(_normal, prices), key=_order) for prices in (own, built_in))
        self._known: dict[tuple[str, str], tuple[Price, ...]] = {}

    def prices_of(self, provider: str, model: str) -> tuple[Price, ...]:
        """Returns all prices of a model, in the order in which they are looked at."""
        known = self._known.get((provider, model))
        if known is None:
            if len(self._known) == _MODELS_KEPT_MAX:
                self._known.clear()
            known = self._known[provider, model] = self._found(provider_of(provider), names_of(model))
        return known

    def cost_of(self, provider: str, model: str, usage: TokenUsage, start_ns: int) -> Cost | None:
        """Returns what a call that began then cost; None if that is not known."""
        if not model or not (usage.input_tokens or usage.output_tokens):
            return None
        for price in self.prices_of(provider, model):
            if price.effective_ns <= start_ns:
                return _cost(price, usage)
        return None

    def _found(self, provider: str, names: list[str]) -> tuple[Price, ...]:
        for prices in self._lists:
            for name in names:
                matching = [price for price in prices if price.matches(provider, name)]
                if matching:
                    return tuple(price for price in matching if price.model == matching[0].model)
        return ()


def _normal(price: Price) -> Price:
    """Returns a price as it is compared with what telemetry says."""
    is_any = price.provider in ("", ANY_PROVIDER)
    provider = ANY_PROVIDER if is_any else provider_of(price.provider)
    return structs.replace(price, provider=provider, model=price.model.lower())


def _order(price: Price) -> tuple[int, bool, bool, int]:
    """Orders prices: long names first, then whole ones, then those of one provider, then the newest."""
    is_beginning = price.model.endswith("*")
    length = len(price.model) - is_beginning
    return -length, is_beginning, price.provider == ANY_PROVIDER, -price.effective_ns


def _cost(price: Price, usage: TokenUsage) -> Cost | None:
    if price.input_tokens_max is not None and usage.input_tokens > price.input_tokens_max:
        return None
    read, write = price.cache_read_per_million, price.cache_write_per_million
    fresh = max(usage.input_tokens - usage.cache_read_tokens - usage.cache_write_tokens, 0)
    input_cost = (
        fresh * price.input_per_million
        + usage.cache_read_tokens * (price.input_per_million if read is None else read)
        + usage.cache_write_tokens * (price.input_per_million if write is None else write)
    ) / _MILLION
    output_cost = usage.output_tokens * price.output_per_million / _MILLION
    if not input_cost + output_cost <= COST_MAX:
        return None
    return Cost(
        total=input_cost + output_cost, input=input_cost, output=output_cost, source=CostSource.PRICED
    )
