"""What a program says of all spans within a block: whose conversation it is.

It stays in the process. Baggage would carry it to whoever is called over HTTP, such as a model's provider.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, cast

from opentelemetry import context
from opentelemetry.context import Context

_KEY: Final = context.create_key("timeloom-surroundings")


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What holds for every span within a block; what is empty is as it is around the block."""

    session_id: str = ""
    user_id: str = ""
    tags: tuple[str, ...] = ()

    def attributes(self) -> dict[str, str | Sequence[str]]:
        """Return what a span says of it."""
        # The name of the conventions for generative AI goes before what a library made up.
        said = {
            "gen_ai.conversation.id": self.session_id,
            "user.id": self.user_id,
            "timeloom.tags": self.tags,
        }
        return {name: value for name, value in said.items() if value}


@contextmanager
def within(inner: Surroundings) -> Generator[None]:
    """Let this hold within the block, besides what holds around it."""
    outer = surroundings()
    joined = Surroundings(
        session_id=inner.session_id or outer.session_id,
        user_id=inner.user_id or outer.user_id,
        tags=tuple(dict.fromkeys((*outer.tags, *inner.tags))),
    )
    token = context.attach(context.set_value(_KEY, joined))
    try:
        yield
    finally:
        context.detach(token)


def surroundings(of: Context | None = None) -> Surroundings:
    """Return what holds in a context; in the current one if None."""
    found = context.get_value(_KEY, of)
    # A span may begin in a context that its library made; the block is still around it.
    if found is None and of is not None:
        found = context.get_value(_KEY)
    return cast("Surroundings", found) if found is not None else Surroundings()
