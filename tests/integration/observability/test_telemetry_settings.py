"""A project says what models cost and how long its telemetry is kept."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import grpc
import pytest

from tests.integration.observability.service import Service
from tests.integration.snapshots.service import refused
from timeloom.observability.v1 import observability_pb2 as nouns
from timeloom.observability.v1 import telemetry_settings_service_pb2 as messages
from timeloom.observability.v1 import telemetry_settings_service_pb2_grpc as services
from timeloom_observability.keeping import prices as keeping_prices
from timeloom_observability.model import EPOCH, TokenUsage
from timeloom_observability.prices import PriceTables
from timeloom_observability.pricing.prices import built_in_prices
from timeloom_platform.auth import Scope
from timeloom_platform.times import timestamp

MILLION = TokenUsage(input_tokens=1_000_000)


def stub_of(service: Service) -> Any:
    return services.TelemetrySettingsServiceStub(service.channel)


def admin_of(service: Service) -> Any:
    return service.metadata_of(service.project_id, Scope.ADMIN)


async def add(
    service: Service, *, model: str = "gpt-4o", input_per_million: float = 1.0, **fields: Any
) -> nouns.Price:
    request = messages.CreatePriceRequest(model=model, input_per_million=input_per_million, **fields)
    answer: messages.CreatePriceResponse = await stub_of(service).CreatePrice(
        request, metadata=admin_of(service)
    )
    return answer.price


async def listed(service: Service, **fields: Any) -> messages.ListPricesResponse:
    answer: messages.ListPricesResponse = await stub_of(service).ListPrices(
        messages.ListPricesRequest(**fields), metadata=service.metadata
    )
    return answer


async def test_a_projects_own_prices_stand_before_those_that_come_with_timeloom(service: Service) -> None:
    since = datetime(2026, 1, 1, tzinfo=UTC)
    later = await add(
        service,
        provider="OpenAI",
        model="GPT-4o",
        input_per_million=2.0,
        output_per_million=4.0,
        cache_read_per_million=0.0,
        effective_time=timestamp(since),
    )
    always = await add(service, provider="openai")

    found = await listed(service, model="gpt-4o-2024-08-06", page_size=1000)
    everything = await listed(service, page_size=1000)

    assert (later.provider, later.model, later.effective_time.ToDatetime(UTC)) == ("openai", "gpt-4o", since)
    assert (later.HasField("cache_read_per_million"), later.HasField("cache_write_per_million")) == (
        True,
        False,
    )
    assert always.effective_time.ToDatetime(UTC) == EPOCH
    assert list(found.prices[:2]) == [later, always]
    assert {(price.provider, price.built_in) for price in found.prices[2:]} == {("openai", True)}
    assert len(everything.prices) == 2 + len(built_in_prices())


async def test_pages_of_prices_follow_one_another(service: Service) -> None:
    await add(service)

    seen: list[nouns.Price] = []
    token = ""
    while True:
        page = await listed(service, page_size=7, page_token=token)
        seen += page.prices
        token = page.next_page_token
        if not token:
            break

    assert seen == list((await listed(service, page_size=1000)).prices)


async def test_what_a_price_changes_holds_at_once_in_this_process(service: Service) -> None:
    tables = service.assembly.prices

    async def cost(model: str) -> float | None:
        found = (await tables.of(service.project_id)).cost_of("", model, MILLION, 1)
        return found.total if found else None

    assert await cost("house-model-7b") is None
    price = await add(service, model="house-model*", input_per_million=3.0)
    assert await cost("house-model-7b") == 3.0
    elsewhere = PriceTables(service.database)
    assert (await elsewhere.of(uuid4())).cost_of("", "house-model-7b", MILLION, 1) is None

    request = messages.DeletePriceRequest(price_id=price.id)
    await stub_of(service).DeletePrice(request, metadata=admin_of(service))

    assert await cost("house-model-7b") is None
    refusal = await refused(stub_of(service).DeletePrice(request, metadata=admin_of(service)))
    assert refusal.reason == "NOT_FOUND"


async def test_prices_that_come_with_timeloom_stay(service: Service) -> None:
    request = messages.DeletePriceRequest(price_id=str(built_in_prices()[0].id))

    refusal = await refused(stub_of(service).DeletePrice(request, metadata=admin_of(service)))

    assert refusal.reason == "NOT_FOUND"


async def test_two_prices_from_the_same_time_on_are_one_too_many(service: Service) -> None:
    await add(service, model="GPT-4O")

    assert (await refused(add(service))).reason == "ALREADY_EXISTS"


async def test_a_project_has_a_bounded_number_of_prices(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping_prices, "PRICES_MAX", 1)
    await add(service)

    refusal = await refused(add(service, model="another"))

    assert refusal.status is grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_telemetry_is_kept_for_ever_until_a_project_says_otherwise(service: Service) -> None:
    stub = stub_of(service)

    async def retention() -> nouns.Retention:
        answer = await stub.GetRetention(messages.GetRetentionRequest(), metadata=service.metadata)
        found: nouns.Retention = answer.retention
        return found

    assert await retention() == nouns.Retention(days=0, metric_days=0)
    wanted = nouns.Retention(days=30, metric_days=7)
    request = messages.UpdateRetentionRequest(retention=wanted)
    answer = await stub.UpdateRetention(request, metadata=admin_of(service))

    assert answer.retention == wanted
    assert await retention() == wanted
    too_long = messages.UpdateRetentionRequest(retention=nouns.Retention(days=36_501))
    refusal = await refused(stub.UpdateRetention(too_long, metadata=admin_of(service)))
    assert refusal.message.startswith("retention.days")
