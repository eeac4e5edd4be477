"""The part that knows how projects keep their telemetry."""

from __future__ import annotations

from timeloom_observability.keeping.forgetting import Forgetting
from timeloom_observability.keeping.prices import Prices
from timeloom_observability.keeping.servicer import TelemetrySettingsServicer
from timeloom_observability.parts import Part, Surroundings
from timeloom_observability.prices import PriceTables
from timeloom_observability.storage.partitions import Partitions


def keeping(surroundings: Surroundings, tables: PriceTables, partitions: Partitions) -> Part:
    """Puts the part together.

    Args:
        surroundings: What it stands on.
        tables: What telemetry is priced by, which learns of each change.
        partitions: Those of events, which go when nobody keeps them.
    """
    database = surroundings.database
    prices = Prices(database=database, cursors=surroundings.cursors, tables=tables)
    forgetting = Forgetting(database=database, partitions=partitions, clock=surroundings.clock)
    return Part(
        bindings=[TelemetrySettingsServicer(prices=prices, database=database).binding()],
        jobs=[forgetting.run],
    )
