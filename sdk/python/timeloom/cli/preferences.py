"""`timeloom preferences`: what users have chosen."""

from __future__ import annotations

from typing import Any

import click
from rich.markup import escape
from rich.table import Table

from timeloom.cli import values
from timeloom.cli.parameters import JSON, json_option, limit_option
from timeloom.cli.session import current
from timeloom.records import Preference

user_option = click.option(
    "--user", "user_id", metavar="ID", default="", help="Whose it is; the project's by default."
)


@click.group()
def preferences() -> None:
    """List, show and set preferences: what users have chosen."""


@preferences.command("list")
@click.option("--user", "user_id", metavar="ID", help="Only this user's.")
@click.option("--prefix", "key_prefix", metavar="TEXT", default="", help="Only those whose keys begin so.")
@limit_option(50)
@json_option("Print a JSON document a line.")
def list_(*, limit: int | None, as_json: bool, **filters: Any) -> None:
    """List preferences by their keys.

    \b
    Examples:
      timeloom preferences list --user ada
      timeloom preferences list --prefix editor. --json
    """
    session = current()
    found = session.client.preferences.list(**filters, limit=limit)
    if as_json:
        session.print_lines(found)
        return
    table = Table("key", "user", "value", box=None, pad_edge=False)
    for one in found:
        table.add_row(escape(one.key), escape(one.user_id), escape(values.line(one.value)))
    if not table.row_count:
        session.console.print("No preferences. Set one with `timeloom preferences set KEY JSON`.")
        return
    session.console.print(table)
    if limit is not None and table.row_count == limit:
        session.console.print(f"[dim]The first {limit}; --limit 0 shows all.[/dim]")


@preferences.command()
@click.argument("key")
@user_option
@json_option("Print one JSON document.")
def show(*, key: str, user_id: str, as_json: bool) -> None:
    """Show the value of a preference.

    \b
    Examples:
      timeloom preferences show theme --user ada
    """
    session = current()
    found = _found(key, user_id)
    if as_json:
        session.print_document(found)
    else:
        values.print_value(session.console, found.value)


@preferences.command("set")
@click.argument("key")
@click.argument("value", type=JSON, metavar="JSON")
@user_option
@json_option("Print one JSON document.")
def set_(*, key: str, value: Any, user_id: str, as_json: bool) -> None:
    """Set a preference: VALUE is JSON, or @ and the name of a file that holds some.

    \b
    Examples:
      timeloom preferences set theme '"dark"' --user ada
      timeloom preferences set editor @editor.json
    """
    session = current()
    made = session.client.preferences.set(key, value, user_id=user_id)
    if as_json:
        session.print_document(made)
    else:
        session.console.print(f"{escape(key)} is {escape(values.line(made.value))}")


@preferences.command()
@click.argument("key")
@user_option
def delete(*, key: str, user_id: str) -> None:
    """Delete a preference for good.

    \b
    Examples:
      timeloom preferences delete theme --user ada
    """
    session = current()
    session.client.preferences.delete(_found(key, user_id).id)
    session.console.print(f"The preference {escape(key)} is gone.")


def _found(key: str, user_id: str) -> Preference:
    found = next(iter(current().client.preferences.list(key=key, user_id=user_id, limit=1)), None)
    if found is None:
        whose = f" of {user_id}" if user_id else ""
        raise click.ClickException(f"There is no preference {key}{whose}")
    return found
