"""The part that raises alerts."""

from __future__ import annotations

from timeloom_observability.alerts.alerts import Alerts
from timeloom_observability.alerts.backtests import Backtests
from timeloom_observability.alerts.checking import Checks
from timeloom_observability.alerts.delivering import Deliveries
from timeloom_observability.alerts.querying import QueriedMeter
from timeloom_observability.alerts.rules import Rules
from timeloom_observability.alerts.servicer import AlertsServicer
from timeloom_observability.alerts.webhooks import Webhooks
from timeloom_observability.metrics.metrics import Metrics
from timeloom_observability.parts import Part, Surroundings
from timeloom_observability.settings import private_hosts
from timeloom_platform.data_keys import Rewrapping


def alerts(surroundings: Surroundings) -> Part:
    """Puts the part together."""
    database, master_keys = surroundings.database, surroundings.master_keys
    meter = QueriedMeter(Metrics(database, surroundings.clock))
    deliveries = Deliveries(
        database,
        webhooks=Webhooks(private_hosts(surroundings.private_hosts)),
        master_keys=master_keys,
    )
    checks = Checks(database, meter, told=deliveries.told)

    def changed() -> None:
        # Alerts of a rule that is switched off are resolved, and somebody is to be told.
        checks.rules_changed()
        deliveries.told()

    rules = Rules(
        database=database,
        cursors=surroundings.cursors,
        master_keys=master_keys,
        changed=changed,
    )
    servicer = AlertsServicer(
        rules=rules,
        alerts=Alerts(database=database, cursors=surroundings.cursors),
        backtests=Backtests(meter, surroundings.clock),
    )
    return Part(
        bindings=[servicer.binding()],
        jobs=[checks.run, deliveries.run, Rewrapping(database, master_keys).run],
    )
