"""What relays and consumers count, as Prometheus sees it."""

from prometheus_client import CollectorRegistry, generate_latest

from timeloom_platform.bus import EventMetrics
from timeloom_platform.consumer.counts import ConsumerCounts
from timeloom_platform.outbox.counts import OutboxCounts


def test_sources_of_a_kind_share_a_family() -> None:
    registry = CollectorRegistry()
    registry.register(
        EventMetrics(
            OutboxCounts(room="snapshots", published=7, refused=1, lag_seconds=0.5, depth=3),
            ConsumerCounts(consumer="one", handled=5, repeated=1, failed=2, buried=1, pending=9),
            ConsumerCounts(consumer="two", handled=6),
        )
    )

    text = generate_latest(registry).decode()

    assert text.count("# TYPE timeloom_consumer_handled_events_total counter") == 1
    for line in (
        'timeloom_outbox_published_events_total{room="snapshots"} 7.0',
        'timeloom_outbox_dead_letters_total{room="snapshots"} 1.0',
        'timeloom_outbox_lag_seconds{room="snapshots"} 0.5',
        'timeloom_outbox_depth{room="snapshots"} 3.0',
        'timeloom_consumer_handled_events_total{consumer="one"} 5.0',
        'timeloom_consumer_handled_events_total{consumer="two"} 6.0',
        'timeloom_consumer_repeated_events_total{consumer="one"} 1.0',
        'timeloom_consumer_failed_attempts_total{consumer="one"} 2.0',
        'timeloom_consumer_dead_letters_total{consumer="one"} 1.0',
        'timeloom_consumer_pending_events{consumer="one"} 9.0',
    ):
        assert line in text.splitlines()
