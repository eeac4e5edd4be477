"""Identifiers, the bounded cache, and the counts."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest

from timeloom.snapshots.v1 import snapshots_service_pb2
from timeloom_platform.bounded import LruCache
from timeloom_platform.contract import methods_of
from timeloom_platform.ids import request_id, uuid7
from timeloom_platform.metrics import RpcMetrics

METHODS = methods_of(snapshots_service_pb2.DESCRIPTOR.services_by_name.values())
RECORD = METHODS["/timeloom.snapshots.v1.SnapshotsService/RecordSnapshot"]


def test_a_uuid7_tells_its_time() -> None:
    before = time.time_ns() // 1_000_000
    made = uuid7()
    after = time.time_ns() // 1_000_000

    assert (made.version, made.variant) == (7, "specified in RFC 4122")
    assert before <= made.int >> 80 <= after
    assert len({uuid7() for _ in range(1000)}) == 1000


@pytest.mark.parametrize("given", ["order-1", "a" * 128, "0af7:1.2_3"])
def test_keeps_a_request_id_that_is_fit(given: str) -> None:
    assert request_id(given) == given


@pytest.mark.parametrize("given", ["", "a" * 129, "a b", "ü", "a\n", '"'])
def test_replaces_a_request_id_that_is_not(given: str) -> None:
    assert len(request_id(given)) == 32


@given(st.lists(st.tuples(st.sampled_from(["get", "put", "discard"]), st.integers(0, 8)), max_size=60))
def test_the_cache_keeps_what_was_used_last(steps: list[tuple[str, int]]) -> None:
    cache: LruCache[int, str] = LruCache(4)
    model: dict[int, str] = {}
    for step, key in steps:
        if step == "put":
            model.pop(key, None)
            model[key] = f"v{key}"
            if len(model) > 4:
                del model[next(iter(model))]
            cache.put(key, f"v{key}")
        elif step == "discard":
            model.pop(key, None)
            cache.discard(key)
        else:
            assert cache.get(key) == model.get(key)
            if key in model:
                model[key] = model.pop(key)
    assert len(cache) == len(model)


def test_the_cache_forgets_by_condition() -> None:
    cache: LruCache[int, str] = LruCache(4)
    for key in range(4):
        cache.put(key, f"v{key % 2}")

    cache.discard_where(lambda value: value == "v0")

    assert [cache.get(key) for key in range(4)] == [None, "v1", None, "v1"]


def test_a_cache_holds_something() -> None:
    with pytest.raises(ValueError, match="at least one"):
        LruCache(0)


def test_shows_counts_as_dashboards_expect_them() -> None:
    metrics, registry = RpcMetrics(), CollectorRegistry()
    registry.register(metrics)
    counts = metrics.of(RECORD)
    for code, seconds in (("OK", 0.0015), ("OK", 0.3), ("NOT_FOUND", 60.0)):
        counts.begin()
        counts.end(code, seconds)
    counts.begin()

    text = generate_latest(registry).decode()

    service = "timeloom.snapshots.v1.SnapshotsService"
    labels = f'{{grpc_method="RecordSnapshot",grpc_service="{service}",grpc_type="unary"'
    for line in (
        f"grpc_server_started_total{labels}}} 4.0",
        f"grpc_server_in_flight{labels}}} 1.0",
        'grpc_code="OK",grpc_method="RecordSnapshot"',
        f'grpc_server_handling_seconds_bucket{labels},le="0.001"}} 0.0',
        f'grpc_server_handling_seconds_bucket{labels},le="0.002"}} 1.0',
        f'grpc_server_handling_seconds_bucket{labels},le="0.5"}} 2.0',
        f'grpc_server_handling_seconds_bucket{labels},le="+Inf"}} 3.0',
        f"grpc_server_handling_seconds_count{labels}}} 3.0",
    ):
        assert line in text
