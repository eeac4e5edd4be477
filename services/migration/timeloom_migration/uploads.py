"""Records on arrival: read, proven by their hashes, freed of their secrets, and kept."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol, cast
from uuid import UUID

import msgspec

from timeloom.exports import record_sha256, whole_sha256
from timeloom_migration import lifecycle
from timeloom_migration.changes import Changes
from timeloom_migration.families.secrets import extract
from timeloom_migration.lifecycle import Command, Status
from timeloom_migration.limits import EXPORT_BYTES_MAX, KEY_LENGTH_MAX, STORE_LENGTH_MAX
from timeloom_migration.model import Migration, Overview, Source
from timeloom_migration.planning.model import FoundSecret, Record, Resolution, SecretPolicy
from timeloom_migration.storage import migrations, records
from timeloom_migration.storage.records import SealedSecret, StoredRecord
from timeloom_platform.database import Connection, Database
from timeloom_platform.errors import AlreadyExistsError, InvalidFieldError, TooLargeError

_MEMBERS: Final = frozenset({"store", "key", "value", "sha256"})


class Sealing(Protocol):
    """Seals what nobody may read."""

    async def seal(self, connection: Connection, project_id: UUID, place: str, value: str) -> bytes:
        """Returns a secret sealed; it can be opened at this place alone."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A record that is proven, without its secrets."""

    record: StoredRecord
    secrets: tuple[FoundSecret, ...] = field(repr=False)


class Uploads:
    """Takes exports in."""

    def __init__(self, *, database: Database, changes: Changes, sealing: Sealing) -> None:
        self._database = database
        self._changes = changes
        self._sealing = sealing

    async def create(
        self,
        project_id: UUID,
        migration_id: UUID,
        *,
        source: Source,
        record_count: int,
        sha256: str,
        document: bytes,
        conflict_resolution: Resolution,
        secret_policy: SecretPolicy,
    ) -> Overview:
        """Begins a migration.

        Raises:
            AlreadyExistsError: There is one of this id.
            InvalidFieldError: A record is not what its hash says, or there are too many.
        """
        arrived = await asyncio.to_thread(_arrivals, document, 0)
        now = self._changes.clock()
        new = Migration(
            project_id=project_id,
            id=migration_id,
            status=Status.UPLOADING,
            source=source,
            conflict_resolution=conflict_resolution,
            secret_policy=secret_policy,
            sha256=sha256,
            record_count=record_count,
            create_time=now,
            update_time=now,
        )
        async with self._database.transaction(str(project_id)) as connection:
            if not await migrations.insert(connection, new):
                raise AlreadyExistsError(f"There is a migration {migration_id} already.")
            overview = await self._keep(connection, new, arrived, len(document))
        return self._changes.wake(overview)

    async def append(
        self, project_id: UUID, migration_id: UUID, *, first_index: int, document: bytes
    ) -> Overview:
        """Adds records to an upload. What was received before is only compared.

        Raises:
            NotFoundError: There is no such migration.
            WrongStatusError: All its records are there already, and these are not among them.
            InvalidFieldError: Records are missing before these, or one is not what its hash says.
        """
        arrived = await asyncio.to_thread(_arrivals, document, first_index)
        async with self._database.transaction(str(project_id)) as connection:
            migration = await self._changes.locked(connection, project_id, migration_id)
            if first_index > migration.received_record_count:
                raise InvalidFieldError.of(
                    "firstIndex", f"must be at most {migration.received_record_count}: the next to come"
                )
            known = await records.select_hashes(
                connection, project_id, migration_id, first=first_index, count=len(arrived)
            )
            for before, each in zip(known, arrived, strict=False):
                if before != each.record.sha256:
                    raise _wrong(
                        each.record.index, each.record.key, "is not the one that was received before"
                    )
            if len(known) == len(arrived) and migration.status is not Status.UPLOADING:
                return await self._changes.tell(connection, migration)
            await self._changes.locked(connection, project_id, migration_id, Command.APPEND)
            overview = await self._keep(connection, migration, arrived[len(known) :], len(document))
        return self._changes.wake(overview)

    async def _keep(
        self, connection: Connection, migration: Migration, arrived: Sequence[Arrival], size: int
    ) -> Overview:
        received = migration.received_record_count + len(arrived)
        received_bytes = migration.received_bytes + (size if arrived else 0)
        if received > migration.record_count:
            raise InvalidFieldError.of(
                "records", f"are more than the {migration.record_count} that were announced"
            )
        if received_bytes > EXPORT_BYTES_MAX:
            raise TooLargeError(f"The export has more than {EXPORT_BYTES_MAX} bytes.")
        sealed = await self._sealed(connection, migration, arrived)
        await records.insert(
            connection, migration.project_id, migration.id, [each.record for each in arrived], sealed
        )
        grown = replace(
            migration,
            received_record_count=received,
            received_bytes=received_bytes,
            progress=max(migration.progress, lifecycle.uploaded(received, migration.record_count)),
        )
        if received == migration.record_count:
            await self._prove(connection, grown)
            grown = replace(grown, status=Status.UPLOADED)
        return await self._changes.write(connection, grown)

    async def _sealed(
        self, connection: Connection, migration: Migration, arrived: Sequence[Arrival]
    ) -> list[SealedSecret]:
        """Returns the secrets of records, sealed; nothing is left of them under another policy."""
        if migration.secret_policy is not SecretPolicy.SEAL:
            return []
        return [
            SealedSecret(
                record_index=each.record.index,
                number=secret.number,
                name=secret.name,
                sealed=await self._sealing.seal(
                    connection,
                    migration.project_id,
                    secret_place(migration.id, each.record.index, secret.number),
                    secret.value,
                ),
            )
            for each in arrived
            for secret in each.secrets
        ]

    async def _prove(self, connection: Connection, migration: Migration) -> None:
        hashes = await records.select_hashes(
            connection, migration.project_id, migration.id, first=0, count=migration.record_count
        )
        if whole_sha256(hashes) != migration.sha256:
            raise InvalidFieldError.of(
                "sha256", "is not that of the records: one was changed, left out or put elsewhere"
            )


def secret_place(migration_id: UUID, record_index: int, number: int) -> str:
    """Returns where a secret is kept: it can be opened there alone."""
    return f"migration/{migration_id}/{record_index}/{number}"


def _arrivals(document: bytes, first_index: int) -> list[Arrival]:
    """Returns the records of a request, proven."""
    if not document:
        return []
    try:
        given: Any = msgspec.json.decode(document)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # What the decoder says may quote what it read.
        raise InvalidFieldError.of("records", "are no JSON") from None
    if not isinstance(given, list):
        raise InvalidFieldError.of("records", "must be a JSON array")
    return [_arrival(first_index + place, each) for place, each in enumerate(cast("Sequence[Any]", given))]


def _arrival(index: int, given: Any) -> Arrival:
    if not isinstance(given, Mapping):
        raise _wrong(index, "", "must be an object")
    members = cast("Mapping[str, Any]", given)
    store, key, sha256 = members.get("store"), members.get("key"), members.get("sha256")
    if not isinstance(key, str) or len(key) > KEY_LENGTH_MAX or "\x00" in key:
        raise _wrong(index, "", f"must have a key: a text of at most {KEY_LENGTH_MAX} characters")
    if len(members) != len(_MEMBERS) or not _MEMBERS.issubset(members):
        raise _wrong(index, key, "must have store, key, value and sha256, and nothing else")
    if not isinstance(store, str) or not 1 <= len(store) <= STORE_LENGTH_MAX or "\x00" in store:
        raise _wrong(index, key, f"must have a store: a text of 1 to {STORE_LENGTH_MAX} characters")
    try:
        proven = record_sha256(store, key, members["value"])
    except (ValueError, TypeError, RecursionError):
        raise _wrong(index, key, "has no canonical form") from None
    if proven != sha256:
        raise _wrong(index, key, "was changed: its sha256 is another one")
    taken = extract(Record(index=index, store=store, key=key, value=members["value"]))
    return Arrival(
        record=StoredRecord(
            index=index,
            store=taken.record.store,
            key=taken.record.key,
            value=msgspec.json.encode(taken.record.value).decode(),
            sha256=proven,
        ),
        secrets=taken.secrets,
    )


def _wrong(index: int, key: str, problem: str) -> InvalidFieldError:
    # A key may be a secret by itself: it is named as it is kept.
    named = extract(Record(index=index, store="localStorage", key=key, value=None)).record.key
    of_key = f" ({named[:100]})" if named else ""
    return InvalidFieldError.of(f"records[{index}]", f"{problem}{of_key}")
