"""Memories of three agents and their team."""

from __future__ import annotations

from random import Random

from timeloom import Timeloom
from timeloom.memories import MemoryKind, NewMemory, Permission

_SUBJECTS = ("Ann", "Bela", "the billing service", "the export", "the staging server", "the weekly report")
_FACTS = {
    MemoryKind.USER_PREFERENCE: (
        "prefers answers in two sentences",
        "wants tables instead of prose",
        "writes in German before noon",
        "does not want to be called on Fridays",
    ),
    MemoryKind.KNOWLEDGE: (
        "is rebuilt every night at two",
        "needs the role billing-admin for refunds",
        "keeps invoices for ten years",
        "lists prices without tax",
    ),
    MemoryKind.ERROR_RESOLUTION: (
        "answers again after its cache is cleared",
        "fails with 504 when the queue is full; waiting a minute helps",
        "loses the session cookie behind the old proxy",
    ),
    MemoryKind.TASK_EXECUTION: (
        "was repaired by raising the timeout to 30 s",
        "went out late because a test was flaky",
        "was answered with a refund of 40 euros",
    ),
}
NAMESPACES = ("agent/support", "agent/researcher", "team/customer-care")


def fill_memory(client: Timeloom, random: Random, *, count: int) -> None:
    """Remembers so many things, some twice in other words, and shares a namespace."""
    client.memory.set_team("customer-care", ["support", "researcher"])
    client.memory.add_many([_memory(random, number) for number in range(count)])
    client.memory.share(namespace="agent/support", principal="agent/researcher", permission=Permission.READ)
    tea = client.memory.add(
        "Ann drinks green tea.", namespace="agent/support", kind=MemoryKind.USER_PREFERENCE, tags=["ann"]
    )
    client.memory.update(tea.id, content="Ann drinks green tea, without sugar.")
    client.memory.supersede(tea.id, "Ann drinks coffee now.")


def _memory(random: Random, number: int) -> NewMemory:
    kind = random.choice(list(_FACTS))
    subject = random.choice(_SUBJECTS)
    return NewMemory(
        content=f"{subject[0].upper()}{subject[1:]} {random.choice(_FACTS[kind])} (case {number % 40}).",
        namespace=random.choice(NAMESPACES),
        kind=kind,
        tags=(subject.split()[-1].lower(),),
        importance=random.randint(2, 9),
    )
