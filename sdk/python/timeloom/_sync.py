"""Synchronisation for the blocking client."""

from __future__ import annotations

from timeloom._blocking import Facade, blocking, paging
from timeloom.aio.sync import AsyncSync


class Sync(Facade[AsyncSync]):
    """Takes what clients changed while nobody heard them."""

    send = blocking(AsyncSync.send)
    apply = blocking(AsyncSync.apply)
    conflicts = paging(AsyncSync.conflicts)
    conflict = blocking(AsyncSync.conflict)
    take_clients = blocking(AsyncSync.take_clients)
    take_servers = blocking(AsyncSync.take_servers)
    take_value = blocking(AsyncSync.take_value)
    dead_letters = paging(AsyncSync.dead_letters)
    redrive = blocking(AsyncSync.redrive)
    discard = blocking(AsyncSync.discard)
    policies = blocking(AsyncSync.policies)
    set_policy = blocking(AsyncSync.set_policy)
