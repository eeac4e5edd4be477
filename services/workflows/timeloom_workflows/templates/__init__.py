"""Definitions to begin with: a file each."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import resources

import msgspec
from msgspec import Raw, Struct

from timeloom_platform.errors import NotFoundError


class Template(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A definition that runs as it is.

    Attributes:
        example_input: What it can be tried with.
    """

    id: str
    title: str
    description: str
    tags: Sequence[str]
    definition: Raw
    example_input: Raw


@cache
def packaged() -> Sequence[Template]:
    """Returns all templates, by id."""
    files = (each for each in resources.files(__name__).iterdir() if each.name.endswith(".json"))
    return sorted(
        (msgspec.json.decode(each.read_bytes(), type=Template) for each in files),
        key=lambda template: template.id,
    )


def find(template_id: str) -> Template:
    """Returns a template.

    Raises:
        NotFoundError: There is none of this id.
    """
    for template in packaged():
        if template.id == template_id:
            return template
    raise NotFoundError(f"There is no template {template_id}.")
