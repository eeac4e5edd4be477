"""The bus: committed facts to every service and live client, over NATS JetStream.

PostgreSQL stays the truth. An event is told only after its transaction has committed, so services enqueue
events in the outbox, and only its relay publishes. The bus reconnects for ever, and makes the streams again
when it finds them gone.
"""

from timeloom_platform.bus.client import EVENT_BYTES_MAX, Bus, MessageRefusedError
from timeloom_platform.bus.live import Delivery, PositionDroppedError, require_kept
from timeloom_platform.bus.metrics import EventMetrics
from timeloom_platform.bus.subjects import subject_filter, subject_of

__all__ = [
    "EVENT_BYTES_MAX",
    "Bus",
    "Delivery",
    "EventMetrics",
    "MessageRefusedError",
    "PositionDroppedError",
    "require_kept",
    "subject_filter",
    "subject_of",
]
