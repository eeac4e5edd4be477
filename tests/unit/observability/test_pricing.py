"""What calls of models cost."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from timeloom_observability.model import Cost, CostSource, TokenUsage
from timeloom_observability.pricing.names import provider_of
from timeloom_observability.pricing.prices import built_in_prices
from timeloom_observability.pricing.table import Price, PriceTable

TABLE = PriceTable((), built_in_prices())
MILLION = TokenUsage(input_tokens=1_000_000, output_tokens=1_000_000)


def at(day: str) -> int:
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()) * 10**9


def parts(cost: Cost | None) -> tuple[float | None, float | None] | None:
    return None if cost is None else (cost.input, cost.output)


@pytest.mark.parametrize(
    ("provider", "model", "day", "price"),
    [
        ("openai", "gpt-4o-mini", "2026-01-01", (0.15, 0.6)),
        ("openai", "gpt-4o-mini-2024-07-18", "2026-01-01", (0.15, 0.6)),
        ("openai", "GPT-4o", "2026-01-01", (2.5, 10.0)),
        ("openai", "gpt-4o", "2024-06-01", (5.0, 15.0)),
        ("openai", "gpt-4o", "2024-05-01", None),
        ("openai", "gpt-4o-2024-05-13", "2026-01-01", (5.0, 15.0)),
        ("openai", "gpt-4o-2024-08-06", "2024-09-01", (2.5, 10.0)),
        ("openai", "gpt-4o-audio-preview", "2026-01-01", None),
        ("openai", "gpt-4o-mini-fork", "2026-01-01", None),
        ("openai", "o3", "2025-05-01", (10.0, 40.0)),
        ("openai", "o3-2025-04-16", "2025-07-01", (2.0, 8.0)),
        ("openai.chat", "gpt-4.1", "2026-01-01", (2.0, 8.0)),
        ("azure.ai.openai", "gpt-4.1-nano", "2026-01-01", (0.1, 0.4)),
        ("", "text-embedding-3-small", "2026-01-01", (0.02, 0.0)),
        ("openrouter", "openai/gpt-5-mini", "2026-01-01", (0.25, 2.0)),
        ("anthropic", "claude-3-7-sonnet-latest", "2026-01-01", (3.0, 15.0)),
        ("anthropic", "claude-opus-4-1-20250805", "2026-01-01", (15.0, 75.0)),
        ("aws.bedrock", "us.anthropic.claude-3-5-sonnet-20240620-v1:0", "2026-01-01", (3.0, 15.0)),
        ("gcp.vertex_ai", "claude-3-haiku@20240307", "2026-01-01", (0.25, 1.25)),
        ("gcp.gemini", "models/gemini-2.0-flash", "2026-01-01", (0.1, 0.4)),
        ("groq", "llama-3.3-70b-versatile", "2026-01-01", (0.59, 0.79)),
        ("ollama", "gpt-4o", "2026-01-01", None),
        ("openai", "", "2026-01-01", None),
        ("openai", "ft:gpt-4o-mini:acme", "2026-01-01", None),
    ],
)
def test_a_model_costs_what_its_list_says_or_what_nobody_knows(
    provider: str, model: str, day: str, price: tuple[float, float] | None
) -> None:
    assert parts(TABLE.cost_of(provider, model, MILLION, at(day))) == price


def test_cached_tokens_have_prices_of_their_own() -> None:
    usage = TokenUsage(
        input_tokens=1_000_000, output_tokens=0, cache_read_tokens=600_000, cache_write_tokens=200_000
    )

    cost = TABLE.cost_of("anthropic", "claude-opus-4-5", usage, at("2026-01-01"))

    assert cost == Cost(
        total=pytest.approx(0.2 * 5 + 0.6 * 0.5 + 0.2 * 6.25),  # type: ignore[arg-type]  # it compares as a number
        input=pytest.approx(2.55),  # type: ignore[arg-type]  # likewise
        output=0.0,
        source=CostSource.PRICED,
    )


def test_cached_tokens_without_a_price_of_their_own_cost_what_others_do() -> None:
    table = PriceTable((Price(id=UUID(int=1), model="m", input_per_million=2.0, output_per_million=0.0),), ())
    usage = TokenUsage(input_tokens=1_000_000, cache_read_tokens=500_000, cache_write_tokens=500_000)

    assert parts(table.cost_of("", "m", usage, 0)) == (2.0, 0.0)


def test_a_larger_input_than_the_price_is_for_costs_what_nobody_knows() -> None:
    usage = TokenUsage(input_tokens=200_001, output_tokens=1)

    assert TABLE.cost_of("google", "gemini-2.5-pro", usage, at("2026-01-01")) is None


def test_tokens_that_nobody_told_apart_cost_what_nobody_knows() -> None:
    assert TABLE.cost_of("openai", "gpt-4o", TokenUsage(total_tokens=5), at("2026-01-01")) is None


def test_a_price_that_makes_no_sense_makes_no_cost() -> None:
    table = PriceTable(
        (Price(id=UUID(int=1), model="m", input_per_million=1e308, output_per_million=1e308),), ()
    )

    assert table.cost_of("", "m", TokenUsage(input_tokens=10**9, output_tokens=10**9), 0) is None


def own(model: str, price: float, **fields: Any) -> Price:
    return Price(id=UUID(int=1), model=model, input_per_million=price, output_per_million=0.0, **fields)


def test_own_prices_go_first_and_of_them_the_longest_and_newest() -> None:
    table = PriceTable(
        (
            own("gpt-*", 1),
            own("gpt-4o-mini*", 2),
            own("gpt-4o", 3),
            own("gpt-4o", 4, effective_ns=at("2026-01-01")),
            own("gpt-4o", 5, provider="azure"),
            own("*", 6, provider="mine"),
        ),
        built_in_prices(),
    )

    def price_of(provider: str, model: str, day: str = "2026-06-01") -> float | None:
        cost = table.cost_of(provider, model, MILLION, at(day))
        return None if cost is None else cost.input

    assert price_of("openai", "gpt-4o") == 5  # whose prices Azure has, too
    assert price_of("other", "gpt-4o") == 4
    assert price_of("other", "gpt-4o", "2025-06-01") == 3
    assert price_of("openai", "gpt-4o-mini-2024-07-18") == 2
    assert price_of("openai", "gpt-5") == 1
    assert price_of("mine", "whatever") == 6
    assert price_of("anthropic", "claude-opus-4") == 15


def test_every_list_price_can_be_found_under_its_name() -> None:
    for price in built_in_prices():
        assert price in TABLE.prices_of(price.provider, price.model)
        assert provider_of(price.provider) == price.provider
        assert price.built_in
    assert len({price.id for price in built_in_prices()}) == len(built_in_prices())


def test_a_table_remembers_a_bounded_number_of_models() -> None:
    table = PriceTable((own("*", 1),), ())

    for number in range(10_000):
        assert table.cost_of("p", f"m-{number}", MILLION, 0) is not None
    assert len(table._known) <= 4_096
