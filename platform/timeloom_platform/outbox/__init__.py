"""The transactional outbox: a change commits together with its events, and a relay publishes them."""

from timeloom_platform.outbox.enqueue import enqueue
from timeloom_platform.outbox.publication import Merge
from timeloom_platform.outbox.relay import OutboxRelay
from timeloom_platform.outbox.table import redrive

__all__ = ["Merge", "OutboxRelay", "enqueue", "redrive"]
