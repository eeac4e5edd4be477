"""Hybrid logical clocks: they order what clients write, whoever's watch is wrong, and whenever it arrives.

A clock is a text, `<milliseconds since 1970, 15 digits>-<counter, 6 digits>-<node>`, whose order is that of
its characters. A node's next clock is later than every one that it has seen, and close to the time where
watches are right (Kulkarni et al., "Logical Physical Clocks", 2014). Clients and the service share this
module.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Self

COUNTER_MAX: Final = 999_999

NODE_CHARACTERS_MAX: Final = 105

SERVER_NODE: Final = "server"
"""The node of what the service writes by itself; no client has this name."""

_NODE: Final = re.compile(rf"[A-Za-z0-9._:@~+-]{{1,{NODE_CHARACTERS_MAX}}}")
_FORM: Final = re.compile(rf"([0-9]{{15}})-([0-9]{{6}})-({_NODE.pattern})")


class InvalidClockError(ValueError):
    """A text is no clock, or no node can have this name."""


@dataclass(frozen=True, slots=True, order=True)
class Clock:
    """A hybrid logical clock, taken apart."""

    milliseconds: int
    counter: int
    node: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a clock.

        Raises:
            InvalidClockError: It is none.
        """
        match = _FORM.fullmatch(text)
        if match is None:
            raise InvalidClockError(
                "must be <milliseconds, 15 digits>-<counter, 6 digits>-<node>, whose node has up to"
                f" {NODE_CHARACTERS_MAX} letters, digits or . _ : @ ~ + -"
            )
        return cls(int(match[1]), int(match[2]), match[3])

    def __str__(self) -> str:
        return f"{self.milliseconds:015}-{self.counter:06}-{self.node}"

    def next_of(self, node: str) -> Clock:
        """Return the first clock of a node that is later than this one."""
        if self.counter == COUNTER_MAX:
            return Clock(self.milliseconds + 1, 0, node)
        return Clock(self.milliseconds, self.counter + 1, node)


class HybridClock:
    """The clock of one node."""

    def __init__(self, now_ms: Callable[[], int], *, node: str = SERVER_NODE) -> None:
        """Begin at the time.

        Args:
            now_ms: The time in milliseconds since 1970; it may stand still or go back.
            node: Whose clock it is.

        Raises:
            InvalidClockError: No node can have this name.
        """
        if _NODE.fullmatch(node) is None:
            raise InvalidClockError(
                f"the node must have 1 to {NODE_CHARACTERS_MAX} letters, digits or . _ : @ ~ + -"
            )
        self._now_ms = now_ms
        self._last = Clock(0, 0, node)
        self._node = node

    def now_ms(self) -> int:
        """Return the time, as the node's watch shows it."""
        return self._now_ms()

    def next(self, *seen: str) -> str:
        """Return a clock that is later than each before, and than those that were seen.

        Raises:
            InvalidClockError: One that was seen is none.
        """
        latest = max([self._last, *(Clock.parse(each) for each in seen if each)])
        now = Clock(self._now_ms(), 0, self._node)
        self._last = now if now > latest else latest.next_of(self._node)
        return str(self._last)
