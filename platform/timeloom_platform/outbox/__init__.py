"""The transactional outbox: a change commits together with its events, and a relay publishes them."""

from timeloom_platform.outbox.enqueue import batch_of, enqueue
from timeloom_platform.outbox.publication import Merge
from timeloom_platform.outbox.relay import OutboxRelay
from timeloom_platform.outbox.table import CALL_RELAY, redrive

__all__ = ["CALL_RELAY", "Merge", "OutboxRelay", "batch_of", "enqueue", "redrive"]
