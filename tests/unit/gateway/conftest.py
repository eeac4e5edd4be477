"""The example contract, and its routes by name."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.unit.gateway import example_contract
from timeloom_gateway.contracts import Contracts
from timeloom_gateway.transcoding.rest import Route, compile_routes


@pytest.fixture(scope="session")
def example() -> Contracts:
    return example_contract.build()


@pytest.fixture(scope="session")
def contracts() -> Contracts:
    return Contracts.load()


@pytest.fixture(scope="session")
def routes(example: Contracts) -> Mapping[str, Route]:
    return {route.method.name: route for route in compile_routes(example) if route.primary}
