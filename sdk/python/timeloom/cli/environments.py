"""`timeloom environments`: where agents work."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import click
from rich.markup import escape
from rich.table import Table

from timeloom.cli import wording
from timeloom.cli.parameters import json_option, limit_option
from timeloom.cli.session import current
from timeloom.records import Environment


@click.group()
def environments() -> None:
    """List, show, make and change environments: where agents work."""


@environments.command("list")
@click.option("--query", metavar="WORDS", default="", help="Only those that say these words somewhere.")
@click.option("--user", "user_id", metavar="ID", help="Only this user's.")
@limit_option(20)
@json_option("Print a JSON document a line.")
def list_(*, limit: int | None, as_json: bool, **filters: Any) -> None:
    """List environments by their names.

    \b
    Examples:
      timeloom environments list
      timeloom environments list --json | jq -r .name
    """
    session = current()
    found = session.client.environments.list(**filters, limit=limit)
    if as_json:
        session.print_lines(found)
        return
    now = datetime.now(UTC)
    table = Table("environment", "name", "repository", "secrets", "changed", box=None, pad_edge=False)
    for one in found:
        table.add_row(
            one.id,
            escape(one.name),
            escape(one.github_repository),
            escape(", ".join(one.secret_names)),
            wording.ago(one.update_time, now=now),
        )
    if not table.row_count:
        session.console.print("No environments. Make one with `timeloom environments create NAME`.")
        return
    session.console.print(table)
    if limit is not None and table.row_count == limit:
        session.console.print(f"[dim]The first {limit}; --limit 0 shows all.[/dim]")


@environments.command()
@click.argument("name")
@json_option("Print one JSON document.")
def show(*, name: str, as_json: bool) -> None:
    """Show an environment by its NAME; of its secrets only the names are known.

    \b
    Examples:
      timeloom environments show staging
    """
    session = current()
    found = _found(name)
    if as_json:
        session.print_document(found)
        return
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim")
    facts.add_column(overflow="fold")
    for fact, value in (
        ("environment", found.id),
        ("description", found.description),
        ("organization", found.github_organization),
        ("repository", found.github_repository),
        ("user", found.user_id),
        *((f"${variable}", given) for variable, given in sorted(found.variables.items())),
        *((f"${secret}", "sealed") for secret in found.secret_names),
        ("etag", found.etag),
    ):
        if value:
            facts.add_row(escape(fact), escape(value))
    session.console.print(f"[bold]{escape(found.name)}[/bold]")
    session.console.print(facts)


@environments.command()
@click.argument("name")
@click.option("--description", metavar="TEXT", default="", help="For people.")
@click.option("--organization", "github_organization", metavar="NAME", default="", help="On GitHub.")
@click.option("--repository", "github_repository", metavar="NAME", default="", help="On GitHub.")
@click.option("--variable", "variables", metavar="NAME=VALUE", multiple=True, help="No secret; repeatable.")
@click.option("--user", "user_id", metavar="ID", default="", help="Whose it is; the project's by default.")
@json_option("Print one JSON document.")
def create(*, name: str, variables: tuple[str, ...], as_json: bool, **fields: Any) -> None:
    """Make an environment. `timeloom environments seal` gives it secrets.

    \b
    Examples:
      timeloom environments create staging --repository ada/app --variable PORT=8080
    """
    session = current()
    made = session.client.environments.create(name, variables=_pairs(variables), **fields)
    if as_json:
        session.print_document(made)
    else:
        click.echo(made.id)


@environments.command()
@click.argument("name")
@click.option("--name", "new_name", metavar="NAME", help="Another name.")
@click.option("--description", metavar="TEXT", help="For people.")
@click.option("--organization", "github_organization", metavar="NAME", help="On GitHub.")
@click.option("--repository", "github_repository", metavar="NAME", help="On GitHub.")
@click.option(
    "--variable",
    "variables",
    metavar="NAME=VALUE",
    multiple=True,
    help="NAME= removes it; repeatable.",
)
@click.option("--user", "user_id", metavar="ID", help="Whose it is; the project's if empty.")
@json_option("Print one JSON document.")
def update(
    *, name: str, new_name: str | None, variables: tuple[str, ...], as_json: bool, **fields: Any
) -> None:
    """Change the environment NAME; what is not given stays as it is.

    \b
    Examples:
      timeloom environments update staging --repository ada/website
      timeloom environments update staging --variable PORT=9090 --variable DEBUG=
    """
    given = _pairs(variables)
    if not given and new_name is None and all(value is None for value in fields.values()):
        raise click.UsageError("There is nothing to change; --help shows what can be")
    session = current()
    found = _found(name)
    merged = {
        variable: value
        for variable, value in {**found.variables, **given}.items()
        if given.get(variable) != ""
    }
    changed = session.client.environments.update(
        found.id, name=new_name, variables=merged if given else None, etag=found.etag, **fields
    )
    if as_json:
        session.print_document(changed)
    else:
        session.console.print(f"{escape(changed.name)} is changed.")


@environments.command()
@click.argument("name")
@click.argument("secret")
def seal(*, name: str, secret: str) -> None:
    """Give the environment NAME a SECRET, whose value is asked for, or read from a pipe.

    It is sealed at once, and nobody gets it back.

    \b
    Examples:
      timeloom environments seal staging GITHUB_TOKEN
      pass show github | timeloom environments seal staging GITHUB_TOKEN
    """
    session = current()
    found = _found(name)
    value = click.prompt(secret, hide_input=True) if sys.stdin.isatty() else sys.stdin.read().rstrip("\r\n")
    if not value:
        raise click.ClickException(
            "There is nothing to seal; `timeloom environments unseal` removes a secret"
        )
    session.client.environments.update(found.id, secrets={secret: value})
    session.console.print(f"{escape(secret)} of {escape(name)} is sealed.")


@environments.command()
@click.argument("name")
@click.argument("secret")
def unseal(*, name: str, secret: str) -> None:
    """Remove a SECRET of the environment NAME for good.

    \b
    Examples:
      timeloom environments unseal staging GITHUB_TOKEN
    """
    session = current()
    session.client.environments.update(_found(name).id, secrets={secret: ""})
    session.console.print(f"{escape(name)} has no {escape(secret)} any more.")


@environments.command()
@click.argument("name")
def delete(*, name: str) -> None:
    """Delete the environment NAME and its secrets for good.

    \b
    Examples:
      timeloom environments delete staging
    """
    session = current()
    session.client.environments.delete(_found(name).id)
    session.console.print(f"The environment {escape(name)} is gone.")


def _found(name: str) -> Environment:
    found = next(iter(current().client.environments.list(name=name, limit=1)), None)
    if found is None:
        raise click.ClickException(f"There is no environment {name}; `timeloom environments list` shows all")
    return found


def _pairs(variables: Iterable[str]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for variable in variables:
        name, equals, value = variable.partition("=")
        if not (name and equals):
            raise click.BadParameter(f"{variable!r} is not NAME=VALUE.", param_hint="--variable")
        pairs[name] = value
    return pairs
