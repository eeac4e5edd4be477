"""The tables of fields say what the contract says: names, types, words and bounds."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import timeloom_workspace
from timeloom.type.v1 import annotations_pb2
from timeloom.workspace.v1 import workspace_pb2
from timeloom.workspace.v1 import workspace_service_pb2 as messages
from timeloom_workspace.records.tables import TABLES, Field, Kind, Table

NAMES = {
    "tasks": "Task",
    "environments": "Environment",
    "preferences": "Preference",
    "agent_sessions": "AgentSession",
}
OWN = {"id", "create_time", "update_time", "etag"}
MIGRATION = Path(timeloom_workspace.__file__).parent / "migrations" / "0001_workspace.sql"
FIELDS = [(table, field) for table in TABLES.values() for field in table.fields.values()]


def descriptor_of(name: str, *, home: Any = messages) -> Any:
    return home.DESCRIPTOR.message_types_by_name[name]


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_the_contract_has_the_same_fields(table: Table) -> None:
    name = NAMES[table.name]
    message = descriptor_of(name, home=workspace_pb2)
    assert set(message.fields_by_name) == set(table.fields) | OWN
    settable = {field.name for field in table.fields.values() if field.is_settable}
    secrets = {"secrets"} if table.name == "environments" else set[str]()
    creation = descriptor_of(f"Create{name}Request")
    record_id = f"{table.name.removesuffix('s')}_id"
    assert set(creation.fields_by_name) == settable | secrets | {record_id}
    change = descriptor_of(f"Update{name}Request")
    # A preference is its user's and key's for good.
    kept = {"user_id", "key"} if table.name == "preferences" else set[str]()
    assert set(change.fields_by_name) == (settable - kept) | secrets | {record_id, "etag"}


@pytest.mark.parametrize(("table", "field"), FIELDS, ids=lambda each: each.name)
def test_the_contract_has_the_same_types_and_bounds(table: Table, field: Field) -> None:
    found = descriptor_of(NAMES[table.name], home=workspace_pb2).fields_by_name[field.name]
    assert found.json_name == field.json_name
    assert kind_of(found) is field.kind
    if field.kind is Kind.WORD:
        prefix = found.enum_type.values[0].name.removesuffix("UNSPECIFIED")
        assert tuple(each.name.removeprefix(prefix) for each in found.enum_type.values[1:]) == field.words
        assert field.default in field.words
    given = descriptor_of(f"Create{NAMES[table.name]}Request").fields_by_name.get(field.name)
    if given is None:
        assert not field.is_settable
        return
    rules = given.GetOptions().Extensions[annotations_pb2.rules]
    assert rules.required == field.is_required
    bound = rules.max_items or rules.max_length or int(rules.max)
    if field.is_of_texts:
        assert bound == 200
    elif field.kind not in {Kind.WORD, Kind.FLAG, Kind.TIME, Kind.UUID}:
        assert bound == field.size_max


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_the_columns_are_those_of_the_migration(table: Table) -> None:
    text = MIGRATION.read_text(encoding="utf-8")
    matched = re.search(rf"CREATE TABLE {table.name} \((.*?)\n\);", text, re.DOTALL)
    assert matched is not None
    lines = re.findall(r"^    ([a-z_]+) ([a-z]+(?: \[\])?)(.*?),?$", matched[1], re.MULTILINE)
    columns = {name: (kind.replace(" ", ""), "NOT NULL" in rest) for name, kind, rest in lines}
    for field in table.fields.values():
        assert columns.pop(field.name) == (field.column_type, not field.is_nullable), field.name
    assert set(columns) == {
        "project_id",
        "id",
        "create_time",
        "update_time",
        "version",
        "clock",
        "field_clocks",
    }


def kind_of(field: Any) -> Kind:
    if field.GetOptions().Extensions[annotations_pb2.json]:
        return Kind.DOCUMENT
    if field.enum_type is not None:
        return Kind.WORD
    if field.message_type is not None:
        return Kind.DOCUMENT if field.message_type.GetOptions().map_entry else Kind.TIME
    if field.is_repeated:
        return Kind.TAGS
    kinds = {field.TYPE_BOOL: Kind.FLAG, field.TYPE_UINT32: Kind.COUNT, field.TYPE_STRING: Kind.TEXT}
    return Kind.UUID if field.name == "environment_id" else kinds[field.type]
