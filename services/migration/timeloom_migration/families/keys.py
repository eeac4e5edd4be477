"""The families of records: what a key tells, under all the names that apps use for it.

Names are compared without regard to case, hyphens, underscores and colons, so that `task-store`, `taskStore`
and `TASK_STORE` are one name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from timeloom_migration.planning.model import Family, Record

_NAMES: Final[dict[Family, frozenset[str]]] = {
    Family.TASKS: frozenset({"taskstore", "tasks", "taskdata"}),
    Family.ENVIRONMENTS: frozenset(
        {"environments", "envs", "environmentstore", "envdata", "environmentdata"}
    ),
    Family.PREFERENCES: frozenset(
        {
            "userpreferences",
            "preferences",
            "preferencestore",
            "usersettings",
            "settings",
            "settingsstore",
            "appsettings",
            "userprefs",
            "prefs",
            "theme",
            "colorscheme",
            "locale",
            "language",
        }
    ),
    Family.AGENT_SESSIONS: frozenset(
        {"agentsessions", "agentsessionstore", "sessions", "sessionstore", "chatsessions", "agentsessiondata"}
    ),
    Family.MEMORIES: frozenset(
        {
            "vectorindexagentmemory",
            "vectorindexmemory",
            "agentmemory",
            "agentmemories",
            "memorystore",
            "memories",
        }
    ),
    Family.OFFLINE_QUEUE: frozenset({"electricofflinequeue", "offlinequeue", "offlinemutations"}),
    Family.CACHE: frozenset({"reactqueryofflinecache", "tanstackquerycache", "cache"}),
}
_BY_NAME: Final = {name: family for family, names in _NAMES.items() for name in names}

# In this order: `cache_tasks-backup` is a cache.
_PREFIXES: Final = (
    (re.compile(r"secure[_\-:]", re.IGNORECASE), Family.SECRET),
    (re.compile(r"cache[_\-:]", re.IGNORECASE), Family.CACHE),
    (re.compile(r"form[_\-:]", re.IGNORECASE), Family.FORM),
    (re.compile(r"agent[_\-]?session[_\-:]", re.IGNORECASE), Family.AGENT_SESSIONS),
    (re.compile(r"(user[_\-])?(preference|setting)s?[_\-:.]", re.IGNORECASE), Family.PREFERENCES),
)
_BACKUP: Final = re.compile(r"(?P<original>.+?)[_\-:.](backup|bak|old)", re.IGNORECASE)
_SEPARATORS: Final = re.compile(r"[_\-:.\s]")

# What an object store holds, by its own name; its records' keys are ids.
_STORE: Final = re.compile(r"indexedDB:(?P<database>[^/]*)/(?P<store>.+)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognition:
    """What a record is.

    Attributes:
        family: By its key; for a backup of what nobody knows, too.
        original: Of a backup, the family of what it is a copy of; else the family itself.
        original_key: Of a backup, the key of what it is a copy of; else the key itself.
        is_entry: The record is one of an object store's: its value is an item, and its key the item's id.
    """

    family: Family
    original: Family
    original_key: str
    is_entry: bool = False


def recognise(record: Record) -> Recognition:
    """Return what a record is."""
    found = _STORE.fullmatch(record.store)
    if found is None:
        return _by_key(record.key)
    by_store = _family_of_store(found["store"])
    if by_store is not None:
        return Recognition(family=by_store, original=by_store, original_key=record.key, is_entry=True)
    # A store of keys and values, such as localforage makes, holds what localStorage would.
    return _by_key(record.key)


def _by_key(key: str) -> Recognition:
    backup = _BACKUP.fullmatch(key)
    family = _family(key)
    if backup is not None and family is Family.UNKNOWN:
        original = _family(backup["original"])
        if original is not Family.UNKNOWN:
            return Recognition(family=Family.BACKUP, original=original, original_key=backup["original"])
    return Recognition(family=family, original=family, original_key=key)


def _family(key: str) -> Family:
    named = _BY_NAME.get(plain(key))
    if named is not None:
        return named
    for prefix, family in _PREFIXES:
        if prefix.match(key):
            backup = _BACKUP.fullmatch(key)
            if backup is None or family in (Family.SECRET, Family.CACHE, Family.FORM):
                return family
    return Family.UNKNOWN


def _family_of_store(name: str) -> Family | None:
    if plain(name) in ("documents", "vectors", "embeddings"):
        return Family.MEMORIES
    family = _family(name)
    return None if family is Family.UNKNOWN else family


def plain(name: str) -> str:
    """Return a name as names are compared."""
    return _SEPARATORS.sub("", name).lower()
