"""Definitions of workflows: JSON objects, or files that hold one."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from timeloom.state._kinds import is_object

YAML_SUFFIXES: Final = frozenset({".yaml", ".yml"})


def definition_of(definition: Mapping[str, Any] | str | os.PathLike[str]) -> Mapping[str, Any]:
    """Return a definition as a JSON object, read from its file if it is a path.

    Raises:
        OSError: The file cannot be read.
        ValueError: It does not hold one JSON object.
    """
    if isinstance(definition, Mapping):
        return definition
    path = Path(definition)
    return parsed(path.read_text(encoding="utf-8"), of=path)


def parsed(text: str, *, of: Path) -> Mapping[str, Any]:
    """Return the definition that a file's text is.

    Raises:
        ValueError: It is no JSON, or no YAML where the file's name says so, or no object.
    """
    document: Any = _yaml(text, of) if is_yaml(of) else _json(text, of)
    if is_object(document):
        return dict(document)
    raise ValueError(f"{of} holds no definition: it is not one object")


def is_yaml(path: Path) -> bool:
    """Say whether a file is YAML, by its name."""
    return path.suffix.lower() in YAML_SUFFIXES


def id_of(definition: Mapping[str, Any]) -> str:
    """Return the id of the workflow that a definition is of.

    Raises:
        ValueError: It names none.
    """
    workflow_id = definition.get("id")
    if not isinstance(workflow_id, str) or not workflow_id:
        raise ValueError("The definition has no `id`: a text such as nightly-report")
    return workflow_id


def _json(text: str, of: Path) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise ValueError(f"{of} is not JSON: {error}") from None


def _yaml(text: str, of: Path) -> Any:
    try:
        import yaml  # noqa: PLC0415 - an extra that only those install who write YAML
    except ImportError:
        raise ValueError(f"{of} is YAML, and PyYAML is not installed: pip install pyyaml") from None
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(f"{of} is not YAML: {error}") from None
