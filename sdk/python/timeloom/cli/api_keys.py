"""`timeloom api-keys`: the keys that open the project."""

from __future__ import annotations

from datetime import UTC, datetime

import click
from rich.table import Table

from timeloom.api_keys import ApiKey, KeyScope
from timeloom.cli import wording
from timeloom.cli.parameters import json_option
from timeloom.cli.session import current


@click.group("api-keys")
def api_keys() -> None:
    """Make, list and revoke the keys that open the project. It takes an administrator's key."""


@api_keys.command()
@click.argument("name")
@click.option(
    "--scope",
    type=click.Choice([each.value for each in KeyScope]),
    default=KeyScope.WRITE.value,
    show_default=True,
    help="What it allows.",
)
@click.option("--agent", "agent_id", default="", help="The only agent that its holder may act as.")
@json_option("Print one JSON document.")
def create(name: str, *, scope: str, agent_id: str, as_json: bool) -> None:
    """Make a key. Its secret is shown now, and never again.

    \b
    Examples:
      timeloom api-keys create ci --scope read
      timeloom api-keys create researcher --agent researcher
    """
    session = current()
    new = session.client.api_keys.create(name, scope=KeyScope(scope), agent_id=agent_id)
    if as_json:
        session.print_document({"id": new.api_key.id, "agentId": new.api_key.agent_id, "apiKey": new.secret})
        return
    click.echo(new.secret)


@api_keys.command("list")
@json_option("Print one JSON document a line.")
def list_(*, as_json: bool) -> None:
    """List the keys, newest first, without their secrets."""
    session = current()
    found = session.client.api_keys.list()
    if as_json:
        session.print_lines(found)
        return
    now = datetime.now(UTC)
    table = Table("id", "name", "scope", "agent", "last used", "state", box=None)
    for each in found:
        last_use = wording.ago(each.last_use_time, now=now) if each.last_use_time else "never"
        table.add_row(each.id, each.name, each.scope, each.agent_id or "any", last_use, _state(each))
    session.console.print(table)


@api_keys.command()
@click.argument("api_key_id")
def revoke(api_key_id: str) -> None:
    """Revoke a key at once and for ever."""
    session = current()
    revoked = session.client.api_keys.revoke(api_key_id)
    session.console.print(f"The key {revoked.id} opens nothing any more.")


def _state(api_key: ApiKey) -> str:
    return "revoked" if api_key.revoke_time else "works"
