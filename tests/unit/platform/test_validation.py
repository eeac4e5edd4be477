"""Every rule of the contract, on every type of field that it fits."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf import json_format

from tests.helpers.contracts import add_contract, message_class
from timeloom.snapshots.v1 import snapshots_pb2, snapshots_service_pb2
from timeloom_platform.contract import ContractError
from timeloom_platform.errors import InvalidFieldError
from timeloom_platform.validation import VIOLATIONS_MAX, RequestValidator

FIELD = (
    'field {{ name: "{name}" number: {number} label: LABEL_{label} {type} {more}'
    " options {{ [timeloom.type.v1.rules] {{ {rules} }} }} }}"
)
ENUM = 'type: TYPE_ENUM type_name: ".timeloom.test.v1.Colour"'
INNER = 'type: TYPE_MESSAGE type_name: ".timeloom.test.v1.Inner"'
TIME = 'type: TYPE_MESSAGE type_name: ".google.protobuf.Timestamp"'

FIELDS = [
    # name, label, type, rules, more
    ("must_string", "OPTIONAL", "type: TYPE_STRING", "required: true", ""),
    ("must_bytes", "OPTIONAL", "type: TYPE_BYTES", "required: true", ""),
    ("must_number", "OPTIONAL", "type: TYPE_UINT32", "required: true", ""),
    ("must_enum", "OPTIONAL", ENUM, "required: true", ""),
    ("must_message", "OPTIONAL", TIME, "required: true", ""),
    ("must_list", "REPEATED", "type: TYPE_STRING", "required: true", ""),
    (
        "must_chosen",
        "OPTIONAL",
        "type: TYPE_STRING",
        "required: true",
        "proto3_optional: true oneof_index: 0",
    ),
    ("short_text", "OPTIONAL", "type: TYPE_STRING", "min_length: 2 max_length: 4", ""),
    ("short_bytes", "OPTIONAL", "type: TYPE_BYTES", "max_length: 4", ""),
    ("hex", "OPTIONAL", "type: TYPE_STRING", 'pattern: "[0-9a-f]{4}"', ""),
    ("id", "OPTIONAL", "type: TYPE_STRING", "uuid: true", ""),
    ("count", "OPTIONAL", "type: TYPE_UINT32", "min: 2 max: 5", ""),
    ("chosen_count", "OPTIONAL", "type: TYPE_UINT32", "min: 2", "proto3_optional: true oneof_index: 1"),
    ("balance", "OPTIONAL", "type: TYPE_INT64", "min: -3 max: 3", ""),
    ("ratio", "OPTIONAL", "type: TYPE_DOUBLE", "max: 1", ""),
    ("colour", "OPTIONAL", ENUM, "max: 2", ""),
    ("direction", "OPTIONAL", "type: TYPE_STRING", 'in: "up" in: "down"', ""),
    ("tags", "REPEATED", "type: TYPE_STRING", "max_items: 3 min_length: 1 max_length: 4", ""),
    ("colours", "REPEATED", ENUM, "max_items: 3", ""),
    ("inner", "OPTIONAL", INNER, "", ""),
    ("inners", "REPEATED", INNER, "max_items: 100", ""),
    ("nameless_inners", "REPEATED", INNER, 'optional_fields: "inner_name"', ""),
    (
        "labels",
        "REPEATED",
        'type: TYPE_MESSAGE type_name: ".timeloom.test.v1.Ruled.LabelsEntry"',
        "max_items: 2 max_length: 3",
        "",
    ),
    ("by_name", "REPEATED", 'type: TYPE_MESSAGE type_name: ".timeloom.test.v1.Ruled.ByNameEntry"', "", ""),
]


def entry(name: str, value: str) -> str:
    return (
        f'nested_type {{ name: "{name}" options {{ map_entry: true }}'
        ' field { name: "key" number: 1 label: LABEL_OPTIONAL type: TYPE_STRING }'
        f' field {{ name: "value" number: 2 label: LABEL_OPTIONAL {value} }} }}'
    )


FILE = add_contract(
    "ruled",
    'enum_type { name: "Colour" value { name: "COLOUR_UNSPECIFIED" number: 0 }'
    ' value { name: "RED" number: 1 } value { name: "BLUE" number: 2 } value { name: "GREY" number: 3 } }'
    'message_type { name: "Inner"'
    ' field { name: "inner_name" number: 1 label: LABEL_OPTIONAL type: TYPE_STRING'
    " options { [timeloom.type.v1.rules] { required: true } } }"
    f' field {{ name: "deeper" number: 2 label: LABEL_OPTIONAL {INNER} }} }}'
    'message_type { name: "Ruled"'
    + entry("LabelsEntry", "type: TYPE_STRING")
    + entry("ByNameEntry", INNER)
    + "".join(
        FIELD.format(name=name, number=number, label=label, type=kind, rules=rules, more=more)
        for number, (name, label, kind, rules, more) in enumerate(FIELDS, start=1)
    )
    + 'oneof_decl { name: "_must_chosen" } oneof_decl { name: "_chosen_count" } }',
)
Ruled = message_class(FILE, "Ruled")
VALIDATOR = RequestValidator()


def check(message: Any) -> None:
    VALIDATOR.compile(message.DESCRIPTOR)(message)


VALID: dict[str, Any] = {
    "mustString": "x",
    "mustBytes": "eA==",
    "mustNumber": 1,
    "mustEnum": "RED",
    "mustMessage": "2026-01-01T00:00:00Z",
    "mustList": ["x"],
    "mustChosen": "x",
}


def violations(**changes: Any) -> dict[str, str]:
    fields = {name: value for name, value in {**VALID, **changes}.items() if value is not None}
    message = json_format.ParseDict(fields, Ruled())
    try:
        check(message)
    except InvalidFieldError as error:
        return {each.field: each.description for each in error.violations}
    return {}


@pytest.mark.parametrize("field", VALID)
def test_required(field: str) -> None:
    assert violations(**{field: None}) == {field: "is required"}


def test_required_of_an_optional_field_is_not_met_by_an_empty_text() -> None:
    assert violations(mustChosen="") == {"mustChosen": "is required"}


def test_required_is_met_by_an_empty_message() -> None:
    assert violations(mustMessage="1970-01-01T00:00:00Z") == {}


ALLOWED: list[tuple[str, Any]] = [
    ("shortText", "ab"),
    ("shortText", "äöüß"),
    ("shortText", ""),
    ("shortBytes", "YWJjZA=="),
    ("hex", "00ff"),
    ("hex", ""),
    ("id", "0199aaaa-0000-7000-8000-00000000000F"),
    ("id", ""),
    ("count", 0),
    ("count", 2),
    ("count", 5),
    ("chosenCount", None),
    ("chosenCount", 2),
    ("balance", -3),
    ("balance", 3),
    ("ratio", 1.0),
    ("ratio", -1e300),
    ("colour", "BLUE"),
    ("direction", "up"),
    ("direction", ""),
    ("tags", ["a", "abcd", "x"]),
    ("tags", []),
    ("colours", ["RED", "GREY"]),
    ("inner", {"innerName": "x"}),
    ("inners", [{"innerName": "x"}]),
    ("namelessInners", [{}]),
    ("labels", {"a": "abc"}),
    ("byName", {"a": {"innerName": "x"}}),
]


@pytest.mark.parametrize(("field", "value"), ALLOWED)
def test_allows(field: str, value: Any) -> None:
    assert violations(**{field: value}) == {}


REFUSED: list[tuple[str, Any, dict[str, str]]] = [
    ("shortText", "a", {"shortText": "must have at least 2 characters"}),
    ("shortText", "abcde", {"shortText": "has 5 characters; at most 4 are allowed"}),
    ("shortBytes", "YWJjZGU=", {"shortBytes": "has 5 bytes; at most 4 are allowed"}),
    ("hex", "00f", {"hex": "must match [0-9a-f]{4}"}),
    ("hex", "00ff0", {"hex": "must match [0-9a-f]{4}"}),
    ("hex", "00ff\n", {"hex": "must match [0-9a-f]{4}"}),
    ("id", "0199aaaa00007000800000000000000f", {"id": "must be a UUID"}),
    ("id", "0199aaaa-0000-7000-8000-00000000000g", {"id": "must be a UUID"}),
    ("count", 1, {"count": "must be at least 2 and at most 5"}),
    ("count", 6, {"count": "must be at least 2 and at most 5"}),
    ("chosenCount", 0, {"chosenCount": "must be at least 2"}),
    ("balance", -4, {"balance": "must be at least -3 and at most 3"}),
    ("ratio", 1.5, {"ratio": "must be at most 1"}),
    ("ratio", "NaN", {"ratio": "must be at most 1"}),
    ("ratio", "Infinity", {"ratio": "must be at most 1"}),
    ("colour", "GREY", {"colour": "must be at most 2"}),
    ("colour", 77, {"colour": "must be at most 2"}),
    ("mustEnum", 77, {"mustEnum": "is not a value of Colour"}),
    ("direction", "left", {"direction": "must be one of up, down"}),
    ("tags", ["a"] * 4, {"tags": "has 4 elements; at most 3 are allowed"}),
    ("tags", ["a", ""], {"tags[1]": "must not be empty"}),
    ("tags", ["abcde"], {"tags[0]": "has 5 characters; at most 4 are allowed"}),
    ("colours", ["RED", 77], {"colours[1]": "is not a value of Colour"}),
    ("inner", {}, {"inner.innerName": "is required"}),
    (
        "inner",
        {"innerName": "x", "deeper": {"deeper": {}}},
        {
            "inner.deeper.innerName": "is required",
            "inner.deeper.deeper.innerName": "is required",
        },
    ),
    ("inners", [{"innerName": "x"}, {}], {"inners[1].innerName": "is required"}),
    ("namelessInners", [{"deeper": {}}], {"namelessInners[0].deeper.innerName": "is required"}),
    ("labels", {"a": "", "b": "", "c": ""}, {"labels": "has 3 elements; at most 2 are allowed"}),
    ("labels", {"a": "abcd"}, {'labels["a"]': "has 4 characters; at most 3 are allowed"}),
    ("byName", {"a": {}}, {'byName["a"].innerName': "is required"}),
]


@pytest.mark.parametrize(("field", "value", "expected"), REFUSED)
def test_refuses(field: str, value: Any, expected: dict[str, str]) -> None:
    assert violations(**{field: value}) == expected


def test_names_all_fields_that_are_wrong() -> None:
    with pytest.raises(InvalidFieldError) as caught:
        check(json_format.ParseDict({**VALID, "hex": "x", "count": 9}, Ruled()))

    assert str(caught.value) == "hex must match [0-9a-f]{4} (and 1 more)"


def test_names_a_bounded_number_of_fields() -> None:
    with pytest.raises(InvalidFieldError) as caught:
        check(json_format.ParseDict({**VALID, "inners": [{}] * 100}, Ruled()))

    assert len(caught.value.violations) == VIOLATIONS_MAX


@pytest.mark.parametrize(
    ("kind", "rules", "unfit"),
    [
        ("type: TYPE_UINT32", "max_length: 1", "max_length"),
        ("type: TYPE_BYTES", "min_length: 1", "min_length"),
        ("type: TYPE_STRING", "min: 1", "min"),
        ("type: TYPE_BOOL", "max: 1", "max"),
        ("type: TYPE_BYTES", "uuid: true", "uuid"),
        ("type: TYPE_UINT32", 'pattern: "x"', "pattern"),
        ("type: TYPE_UINT32", 'in: "x"', "in"),
        ("type: TYPE_STRING", "max_items: 1", "max_items"),
        ("type: TYPE_STRING", 'optional_fields: "x"', "optional_fields"),
        ("type: TYPE_STRING", 'pattern: "("', "the pattern does not compile"),
        (TIME, 'optional_fields: "x"', "optional_fields names x"),
    ],
)
def test_finds_rules_that_do_not_fit_before_the_service_starts(kind: str, rules: str, unfit: str) -> None:
    name = f"Unfit{abs(hash((kind, rules)))}"
    text = FIELD.format(name="field", number=1, label="OPTIONAL", type=kind, rules=rules, more="")
    file = add_contract(name.lower(), f'message_type {{ name: "{name}" {text} }}')

    with pytest.raises(ContractError, match=unfit):
        RequestValidator().compile(file.message_types_by_name[name])


def test_a_batch_need_not_repeat_the_execution_in_its_elements() -> None:
    execution_id = "0199aaaa-0000-7000-8000-000000000001"
    element = snapshots_service_pb2.RecordSnapshotRequest(
        state=b"{}", effects=[snapshots_pb2.Effect(kind=snapshots_pb2.EFFECT_KIND_LLM)]
    )

    check(snapshots_service_pb2.BatchRecordSnapshotsRequest(execution_id=execution_id, snapshots=[element]))
    with pytest.raises(InvalidFieldError, match="executionId is required"):
        check(element)
    with pytest.raises(InvalidFieldError, match=r"snapshots\[0\].executionId is required"):
        check(snapshots_service_pb2.StreamSnapshotsRequest(snapshots=[element]))
