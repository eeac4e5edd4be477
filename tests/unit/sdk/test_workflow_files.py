"""Definitions in files: JSON, and YAML."""

from __future__ import annotations

from pathlib import Path

import pytest

from timeloom._workflow_files import definition_of, id_of


@pytest.mark.parametrize(
    ("name", "text"), [("w.json", '{"id": "w", "steps": []}'), ("w.yml", "id: w\nsteps: []")]
)
def test_a_file_is_a_definition(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    assert definition_of(path) == definition_of(str(path)) == {"id": "w", "steps": []}
    assert id_of(definition_of(path)) == "w"


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("w.json", "{", "is not JSON: Expecting property name"),
        ("w.yaml", "a: [", "is not YAML"),
        ("w.json", "[]", "holds no definition: it is not one object"),
    ],
)
def test_what_is_none_is_refused_by_its_file(tmp_path: Path, name: str, text: str, reason: str) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=reason):
        definition_of(path)


def test_a_definition_has_an_id() -> None:
    with pytest.raises(ValueError, match="has no `id`"):
        id_of({"steps": []})
