"""The part that knows how projects keep their telemetry."""

from __future__ import annotations

from timeloom_observability.keeping.prices import Prices
from timeloom_observability.keeping.servicer import TelemetrySettingsServicer
from timeloom_observability.parts import Part, Surroundings
from timeloom_observability.prices import PriceTables


def keeping(surroundings: Surroundings, tables: PriceTables) -> Part:
    """Puts the part together.

    Args:
        surroundings: What it stands on.
        tables: What telemetry is priced by, which learns of each change.
    """
    database = surroundings.database
    prices = Prices(database=database, cursors=surroundings.cursors, tables=tables)
    return Part(bindings=[TelemetrySettingsServicer(prices=prices, database=database).binding()])
