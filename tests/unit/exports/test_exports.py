"""The file of an export: written, read, cut into parts, and refused when a byte of it changed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from timeloom.errors import DamagedFileError
from timeloom.exports import Export, ExportSource

SOURCE = ExportSource(origin="https://app.example.com", app="desk", app_version="2.1", user_id="ann")
EXPORT = Export.of(
    [
        ("localStorage", "theme", "dark"),
        ("localStorage", "task-store", '{"state":{"tasks":[]},"version":3}'),
        ("indexedDB:desk/memories", "7", {"text": "Größe €", "vector": [0.5, -1e-7, 1e21]}),
    ],
    source=SOURCE,
)


def test_an_export_is_read_as_it_was_written(tmp_path: Path) -> None:
    file = tmp_path / "export.json"
    file.write_bytes(EXPORT.dumps())

    assert Export.load(file) == EXPORT


def test_hashes_do_not_change_from_version_to_version() -> None:
    assert EXPORT.records[2].sha256 == "dd9e341f952f9a19411e617f141227607a66a52da1efe7896afe5d70b86e6662"
    assert EXPORT.sha256 == "ab611d10ab3cd69162f78170e327b92c3002c48e543a1962dd7f38807d280f82"


def test_parts_begin_where_they_are_asked_to_and_lose_nothing() -> None:
    for first in range(4):
        parts = list(EXPORT.parts(first=first, bytes_max=1))

        assert [start for start, _ in parts] == list(range(first, 3))
        assert [each for _, part in parts for each in json.loads(part)] == [
            record.document() for record in EXPORT.records[first:]
        ]
    assert len(list(EXPORT.parts())) == 1


def changed(**members: Any) -> dict[str, Any]:
    return {**json.loads(EXPORT.dumps()), **members}


def with_record(index: int, **members: Any) -> dict[str, Any]:
    records = json.loads(EXPORT.dumps())["records"]
    records[index] = {**records[index], **members}
    return changed(records=records)


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ([], "`format` is not"),
        (changed(format="other"), "`format` is not"),
        (changed(formatVersion=2), "formatVersion: only 1"),
        (changed(records={}), "records: must be a list"),
        (changed(records=json.loads(EXPORT.dumps())["records"][:2], recordCount=2), "sha256: is not that"),
        (changed(records=json.loads(EXPORT.dumps())["records"][::-1]), "sha256: is not that"),
        (changed(recordCount=4), "`recordCount` says otherwise"),
        (with_record(0, value="darl"), r"records\[0\] \(theme\): it was changed"),
        (with_record(1, key="task-stora"), r"records\[1\] \(task-stora\): it was changed"),
        (with_record(2, store="indexedDB:x/y"), r"records\[2\] \(7\): it was changed"),
        (with_record(2, sha256=5), r"records\[2\] \(7\): `sha256` is not a string"),
        (with_record(0, key=None), r"records\[0\]: `key` is not a string"),
    ],
)
def test_what_was_changed_is_refused_by_name(document: object, problem: str) -> None:
    with pytest.raises(DamagedFileError, match=problem):
        Export.loads(json.dumps(document).encode())


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(DamagedFileError, match="is not JSON"):
        Export.loads(b"{")
    with pytest.raises(DamagedFileError, match="same name twice"):
        Export.loads(b'{"format": 1, "format": 2}')


def test_values_are_not_shown_where_records_are() -> None:
    assert "dark" not in repr(EXPORT)
    assert "dark" not in repr(EXPORT.records[0])
