"""Telemetry, scores and alerts for the blocking client."""

from __future__ import annotations

from timeloom._blocking import Facade, Portal, blocking, iterating, paging
from timeloom.aio.alerts import AsyncAlerts
from timeloom.aio.observability import AsyncObservability, AsyncPrices, AsyncSessions, AsyncTraces
from timeloom.aio.scores import AsyncScores
from timeloom.aio.telemetry_events import AsyncEvents


class Events(Facade[AsyncEvents]):
    """The project's events: spans, moments, logs, and what programs and Timeloom itself report."""

    create = blocking(AsyncEvents.create)
    get = blocking(AsyncEvents.get)
    list = paging(AsyncEvents.list)
    count = blocking(AsyncEvents.count)
    metrics = blocking(AsyncEvents.metrics)
    search = blocking(AsyncEvents.search)
    tail = iterating(AsyncEvents.tail)
    tail_batches = iterating(AsyncEvents.tail_batches)
    export = blocking(AsyncEvents.export)
    export_stream = iterating(AsyncEvents.export_stream)


class Traces(Facade[AsyncTraces]):
    """The project's traces: each everything that belongs to one piece of work."""

    list = paging(AsyncTraces.list)
    get = blocking(AsyncTraces.get)


class Sessions(Facade[AsyncSessions]):
    """The project's conversations, as traces name them."""

    list = paging(AsyncSessions.list)
    get = blocking(AsyncSessions.get)


class Prices(Facade[AsyncPrices]):
    """What models cost: the project's own prices, and those that come with Timeloom."""

    list = paging(AsyncPrices.list)
    create = blocking(AsyncPrices.create)
    delete = blocking(AsyncPrices.delete)


class Observability(Facade[AsyncObservability]):
    """What agents did, as telemetry tells it.

    Attributes:
        events: Spans, moments, logs and reports: list, count, measure, search, follow and export them.
        traces: What belongs together, as a tree.
        sessions: Conversations.
        prices: What models cost.
    """

    def __init__(self, portal: Portal, twin: AsyncObservability) -> None:
        super().__init__(portal, twin)
        self.events = Events(portal, twin.events)
        self.traces = Traces(portal, twin.traces)
        self.sessions = Sessions(portal, twin.sessions)
        self.prices = Prices(portal, twin.prices)

    stats = blocking(AsyncObservability.stats)
    retention = blocking(AsyncObservability.retention)
    set_retention = blocking(AsyncObservability.set_retention)
    instruments = paging(AsyncObservability.instruments)
    measurements = blocking(AsyncObservability.measurements)


class Scores(Facade[AsyncScores]):
    """How good agents' work was: judged by people, programs and models."""

    create = blocking(AsyncScores.create)
    list = paging(AsyncScores.list)
    delete = blocking(AsyncScores.delete)


class Alerts(Facade[AsyncAlerts]):
    """The project's rules over metrics of events, and the alerts that they raise."""

    list = paging(AsyncAlerts.list)
    acknowledge = blocking(AsyncAlerts.acknowledge)
    create_rule = blocking(AsyncAlerts.create_rule)
    rule = blocking(AsyncAlerts.rule)
    rules = paging(AsyncAlerts.rules)
    update_rule = blocking(AsyncAlerts.update_rule)
    delete_rule = blocking(AsyncAlerts.delete_rule)
    test_rule = blocking(AsyncAlerts.test_rule)
