"""`timeloom migrate`: what a browser app kept by itself, planned, brought over, verified and taken back."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from rich.markup import escape
from rich.table import Table

from timeloom.cli import documents, wording
from timeloom.cli.parameters import CONFLICT_RESOLUTION, SECRET_POLICY, json_option, limit_option
from timeloom.cli.session import Session, current
from timeloom.exports import Export
from timeloom.migrations import (
    ConflictResolution,
    Migration,
    MigrationAction,
    MigrationConflict,
    MigrationItem,
    MigrationStatus,
    SecretPolicy,
    Verification,
)

if TYPE_CHECKING:
    from timeloom._migrations import Migrations

EXIT_FAILED: Final = 1
EXIT_DECISION: Final = 3
"""A person has to decide: conflicts are open, or were left by a rollback."""

SHOWN_MAX: Final = 50
_SHOWN: Final = (MigrationAction.REFUSE, MigrationAction.ASK, MigrationAction.KEEP, MigrationAction.RENAME)
"""What people want to know of each; of the others their number is enough."""

resolution_option = click.option(
    "--on-conflict",
    "resolution",
    type=CONFLICT_RESOLUTION,
    help="What becomes of a resource whose id or name is taken; skip if left out.",
)
secrets_option = click.option(
    "--secrets", type=SECRET_POLICY, help="What becomes of tokens in clear; seal if left out."
)
user_option = click.option(
    "--user", metavar="ID", default="", help="Whose data it is, if FILE does not say so."
)


@click.group()
def migrate() -> None:
    """Bring over what a browser app kept by itself.

    FILE is an export, such as migrate.js makes; each byte of it is proven by hashes before anything happens.
    After the upload the identifier of the migration does instead of FILE, too.

    \b
    Exit codes:
      0  done
      1  failed, or not as it should be
      2  misused
      3  a person has to decide about conflicts
    """


@migrate.command()
@click.argument("file", metavar="FILE")
@resolution_option
@secrets_option
@user_option
@json_option("Print one JSON document: the migration, and all of its items.")
def plan(
    *,
    file: str,
    resolution: ConflictResolution | None,
    secrets: SecretPolicy | None,
    user: str,
    as_json: bool,
) -> int:
    """Show what would become of FILE, without changing anything.

    \b
    Examples:
      timeloom migrate plan export.json
      timeloom migrate plan export.json --on-conflict merge --json | jq '.items[].reason'
    """
    session = current()
    migrations = session.client.migrations
    uploaded = _uploaded(session, file, resolution=resolution, secrets=secrets, user=user)
    migrations.plan(uploaded.id, conflict_resolution=resolution)
    planned = _followed(session, uploaded.id)
    if as_json:
        items = [documents.document(each) for each in migrations.items(planned.id)]
        session.print_document({"migration": documents.document(planned), "items": items})
    else:
        _print_plan(session, planned, migrations.items(planned.id, actions=_SHOWN, limit=SHOWN_MAX + 1))
    return _exit_code(planned)


@migrate.command()
@click.argument("file", metavar="FILE")
@resolution_option
@secrets_option
@user_option
@json_option("Print one JSON document: the migration.")
def start(
    *,
    file: str,
    resolution: ConflictResolution | None,
    secrets: SecretPolicy | None,
    user: str,
    as_json: bool,
) -> int:
    """Migrate FILE, or go on with it where it stood, and show how it gets on.

    Ctrl-C ends the looking, and not the migration; the same command looks again.

    \b
    Examples:
      timeloom migrate start export.json
      timeloom migrate start export.json --on-conflict ask --secrets refuse
    """
    session = current()
    migrations = session.client.migrations
    found = _uploaded(session, file, resolution=resolution, secrets=secrets, user=user)
    if found.status in (MigrationStatus.PAUSED, MigrationStatus.FAILED):
        migrations.resume(found.id)
    elif found.status in (MigrationStatus.UPLOADED, MigrationStatus.PLANNED, MigrationStatus.ROLLED_BACK):
        if resolution not in (None, found.conflict_resolution):
            migrations.plan(found.id, conflict_resolution=resolution)
            _followed(session, found.id)
        migrations.start(found.id)
    ended = _followed(session, found.id)
    if as_json:
        session.print_document(ended)
    else:
        _print_plan(session, ended, migrations.items(ended.id, actions=_SHOWN, limit=SHOWN_MAX + 1))
    return _exit_code(ended)


@migrate.command()
@click.argument("file", metavar="FILE")
@json_option("Print one JSON document: what was found.")
def verify(*, file: str, as_json: bool) -> int:
    """Compare everything that was migrated from FILE with what is there now.

    \b
    Examples:
      timeloom migrate verify export.json && echo all there
    """
    session = current()
    found = _known(session, file)
    with session.waiting("Verifying"):
        verification = session.client.migrations.verify(found.id)
    if as_json:
        session.print_document(verification)
    else:
        _print_verification(session, verification)
    return 0 if verification.ok else EXIT_FAILED


@migrate.command()
@click.argument("file", metavar="FILE")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option("Print one JSON document: the migration, and what was left alone.")
def rollback(*, file: str, yes: bool, as_json: bool) -> int:
    """Take the migration of FILE back, to what was there before.

    What people changed since stays, and is shown.

    \b
    Examples:
      timeloom migrate rollback export.json --yes
    """
    session = current()
    migrations = session.client.migrations
    found = _known(session, file)
    if not yes:
        click.confirm(f"Take migration {found.id} back?", abort=True, err=True)
    if found.status not in (MigrationStatus.ROLLING_BACK, MigrationStatus.ROLLED_BACK):
        migrations.roll_back(found.id)
    ended = _followed(session, found.id)
    left = [each for each in migrations.conflicts(ended.id, only_open=True) if each.from_rollback]
    if as_json:
        conflicts = [documents.document(each) for each in left]
        session.print_document({"migration": documents.document(ended), "conflicts": conflicts})
    else:
        _print_heading(session, ended)
        _print_left(session, ended.id, left)
    if ended.status is not MigrationStatus.ROLLED_BACK:
        return EXIT_FAILED
    return EXIT_DECISION if left else 0


@migrate.command()
@click.argument("file", metavar="FILE")
@click.option("--as", "resolution", type=CONFLICT_RESOLUTION, required=True, help="Anything but ask.")
@click.option(
    "--conflict",
    "conflict_id",
    metavar="ID",
    default="",
    help="This one; without it all open ones, but for those of a rollback.",
)
@json_option("Print one JSON document: the migration.")
def resolve(*, file: str, resolution: ConflictResolution, conflict_id: str, as_json: bool) -> int:
    """Decide conflicts of the migration of FILE; `timeloom migrate start` goes on, or looks how it does.

    What a rollback left alone is decided one by one: `skip` keeps it, `overwrite` restores what was
    there before.

    \b
    Examples:
      timeloom migrate resolve export.json --as merge
      timeloom migrate resolve export.json --conflict ID --as overwrite
    """
    session = current()
    found = _known(session, file)
    decided = session.client.migrations.resolve(found.id, resolution, conflict_id=conflict_id)
    if as_json:
        session.print_document(decided)
    else:
        _print_heading(session, decided)
    return 0


@migrate.command()
@click.argument("file", metavar="FILE")
@click.option("--yes", is_flag=True, help="Do not ask.")
def delete(*, file: str, yes: bool) -> None:
    """Delete the migration of FILE with the records that it kept; what it migrated stays.

    It cannot be rolled back then.

    \b
    Examples:
      timeloom migrate delete export.json --yes
    """
    session = current()
    found = _known(session, file)
    if not yes:
        click.confirm(f"Delete migration {found.id} for good?", abort=True, err=True)
    session.client.migrations.delete(found.id)
    session.console.print(f"The migration {found.id} is gone.")


@migrate.command("list")
@limit_option(50)
@json_option("Print a JSON document a line.")
def list_(*, limit: int | None, as_json: bool) -> None:
    """List migrations, newest first.

    \b
    Examples:
      timeloom migrate list
      timeloom migrate list --limit 0 --json | jq -r 'select(.status == "FAILED").id'
    """
    session = current()
    found = session.client.migrations.list(limit=limit)
    if as_json:
        session.print_lines(found)
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("migration", "status", "done", "records", "from"):
        table.add_column(column, no_wrap=True)
    for each in found:
        source = each.source.origin or each.source.app
        done = f"{each.progress:.0%}"
        table.add_row(each.id, _words(each.status), done, f"{each.record_count:,}", escape(source))
    if not table.row_count:
        session.console.print("No migrations. Begin one with `timeloom migrate plan FILE`.")
        return
    session.console.print(table)
    if limit is not None and table.row_count == limit:
        session.console.print(f"[dim]The first {limit}; --limit 0 shows all.[/dim]")


def _uploaded(
    session: Session,
    file: str,
    *,
    resolution: ConflictResolution | None,
    secrets: SecretPolicy | None,
    user: str,
) -> Migration:
    """Return the migration of a file whose records have all arrived, or the one with an identifier."""
    migrations = session.client.migrations
    export = _export(file)
    found = migrations.get(file) if export is None else migrations.find(export)
    if found is not None:
        _refuse_other_policy(found, secrets)
    if export is None or (found is not None and found.status is not MigrationStatus.UPLOADING):
        assert found is not None, "what has no file has an identifier"
        return found
    with session.counting("Uploading") as count:
        total = len(export.records)
        return migrations.upload(
            export,
            migration_id="" if found is None else found.id,
            conflict_resolution=resolution,
            secret_policy=secrets,
            user_id=user,
            progress=lambda done: count(done, total=total, what="Uploading records"),
        )


def _refuse_other_policy(found: Migration, secrets: SecretPolicy | None) -> None:
    """What was sealed or forgotten on arrival cannot be had otherwise afterwards."""
    if secrets not in (None, found.secret_policy):
        raise click.ClickException(
            f"Migration {found.id} was begun with --secrets {_words(found.secret_policy)}, and that holds for"
            f" all of it; `timeloom migrate delete {found.id}` makes room for another one"
        )


def _known(session: Session, file: str) -> Migration:
    """Return the migration of a file, or the one with an identifier."""
    migrations: Migrations = session.client.migrations
    export = _export(file)
    if export is None:
        return migrations.get(file)
    found = migrations.find(export)
    if found is None:
        raise click.ClickException(f"{file} was not migrated yet; `timeloom migrate plan {file}` begins")
    return found


def _export(file: str) -> Export | None:
    """Return the export in a file; None if it is a migration's identifier."""
    path = Path(file)
    if not path.is_file():
        try:
            uuid.UUID(file)
        except ValueError:
            raise click.BadParameter(
                f"{file!r} is neither a file nor a migration's identifier", param_hint="FILE"
            ) from None
        return None
    try:
        return Export.load(path)
    except OSError as error:
        raise click.BadParameter(f"{file} cannot be read: {error.strerror}", param_hint="FILE") from None


def _followed(session: Session, migration_id: str) -> Migration:
    """Return a migration once it does not get on by itself any more."""
    with session.counting("Migrating") as count:

        def show(migration: Migration) -> None:
            count(round(100 * migration.progress), total=100, what=f"{_words(migration.status)}, percent")

        return session.client.migrations.wait(migration_id, progress=show)


def _exit_code(migration: Migration) -> int:
    if migration.status is MigrationStatus.FAILED:
        return EXIT_FAILED
    return EXIT_DECISION if migration.open_conflict_count else 0


def _print_heading(session: Session, migration: Migration) -> None:
    session.console.print(f"[bold]{migration.id}[/bold]  {_words(migration.status)}")
    if migration.error:
        session.console.print(f"[red]{escape(migration.error)}[/red]")


def _print_plan(session: Session, migration: Migration, items: Iterable[MigrationItem]) -> None:
    """Print how many of each there are, and one by one what people want to know of."""
    _print_heading(session, migration)
    counts = migration.counts
    if counts is not None:
        shown = {name: getattr(counts, name) for name in (each.lower() for each in MigrationAction)}
        session.console.print("  ".join(f"{name} {count:,}" for name, count in shown.items() if count))
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("what", "key", "in it", "why"):
        table.add_column(column, overflow="fold")
    listed = list(items)
    for each in listed[:SHOWN_MAX]:
        table.add_row(_words(each.action), escape(each.key), escape(each.source_id), escape(each.reason))
    if listed:
        session.console.print(table)
    if len(listed) > SHOWN_MAX:
        session.console.print("[dim]And more; `timeloom migrate plan --json` shows all.[/dim]")
    if migration.open_conflict_count:
        open_ones = wording.plural(migration.open_conflict_count, "conflict")
        session.console.print(f"{open_ones} to decide: timeloom migrate resolve {migration.id} --as …")


def _print_verification(session: Session, verification: Verification) -> None:
    if verification.ok:
        session.console.print(f"[green]All as it should be[/green]: {verification.checked_count:,} checked")
        return
    wrong = f"{verification.problem_count:,} of {verification.checked_count:,}"
    session.console.print(f"[red]{wrong} are not as they should be[/red]")
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("table", "id", "problem"):
        table.add_column(column, overflow="fold")
    for each in verification.problems:
        table.add_row(each.table, each.target_id, escape(each.problem))
    session.console.print(table)


def _print_left(session: Session, migration_id: str, left: Iterable[MigrationConflict]) -> None:
    """Print what a rollback left alone, because people changed it since."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("left as it is", "id", "conflict"):
        table.add_column(column, overflow="fold")
    for each in left:
        table.add_row(each.item.table, each.item.target_id, each.id)
    if table.row_count:
        session.console.print(table)
        command = f"timeloom migrate resolve {migration_id} --conflict ID --as overwrite"
        session.console.print(f"To restore what was there before: {command}", soft_wrap=True)


def _words(name: str) -> str:
    return name.lower().replace("_", " ")
