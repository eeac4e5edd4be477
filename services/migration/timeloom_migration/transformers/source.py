"""One item of an app's, whose fields are found under all the names that they had in its versions."""

from __future__ import annotations

from collections.abc import Mapping

from timeloom_migration.families import keys
from timeloom_migration.planning.model import Json


class Source:
    """An object whose members are taken one after the other; what nobody takes is left over.

    Names are compared without regard to case, hyphens and underscores: `updated_at` is `updatedAt`.
    """

    def __init__(self, members: Mapping[str, Json]) -> None:
        self._members = members
        self._names: dict[str, str] = {}
        for name in members:
            self._names.setdefault(keys.plain(name), name)
        self._taken: set[str] = set()

    def take(self, *names: str) -> Json:
        """Return the first of these members that is there and not null; None if none is."""
        result: Json = None
        for each in names:
            name = self._names.get(keys.plain(each))
            if name is None:
                continue
            if result is None and self._members[name] is not None:
                result = self._members[name]
                self._taken.add(name)
            elif self._members[name] is None:
                self._taken.add(name)
        return result

    def rest(self) -> dict[str, Json]:
        """Return what was not taken."""
        return {name: value for name, value in self._members.items() if name not in self._taken}
