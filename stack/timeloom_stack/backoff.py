"""How long to wait before a process is started again."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """Doubles from the first delay to the longest; a process that ran long enough begins anew.

    A process that has never been ready is given up after `attempts_max` starts: the cause is in its settings
    or its data, and a person should see it. One that was ready once is started again for ever.
    """

    first_seconds: float = 0.1
    longest_seconds: float = 10.0
    steady_after_seconds: float = 30.0
    attempts_max: int = 5

    def delay_seconds(self, failures: int) -> float:
        """The pause after so many failures in a row, of which there is at least one."""
        return float(min(self.longest_seconds, self.first_seconds * 2 ** min(failures - 1, 16)))
