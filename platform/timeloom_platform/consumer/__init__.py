"""Durable consumers of events: each event's effects once, each topic in order, poison set aside."""

from timeloom_platform.consumer.consumer import Consumer, Handler, PoisonEventError

__all__ = ["Consumer", "Handler", "PoisonEventError"]
