"""The schemas say what the transcoder sends and takes, for random messages of every type."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest
from google.protobuf.descriptor import Descriptor
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from tests.unit.gateway.messages import messages
from tests.unit.gateway.test_round_trip import SOME, Case, every_type
from timeloom_gateway.contracts import Contracts
from timeloom_gateway.openapi.schemas import Schemas, with_rest_names


@cache
def validator(contracts: Contracts, descriptor: Descriptor, *, request: bool) -> Draft202012Validator:
    schemas = Schemas(contracts.comments)
    reference = schemas.request(descriptor) if request else schemas.response(descriptor)
    document = {**reference, "components": {"schemas": schemas.components}}
    Draft202012Validator.check_schema(document)
    return Draft202012Validator(document)


@every_type
@given(data=st.data())
@SOME
def test_what_is_sent_is_described(case: Case, data: st.DataObject) -> None:
    message = data.draw(messages(case.descriptor))
    validator(case.contracts, case.descriptor, request=False).validate(json.loads(case.write(message)))


@pytest.mark.parametrize(
    ("body", "is_valid"),
    [
        ({"agentId": "a"}, True),
        ({"agentId": ""}, False),
        ({}, False),
        ({"agentId": "a", "executionId": ""}, True),
        ({"agentId": "a", "executionId": "019a7f3e-5c1b-7d42-9f0e-3b2a6c8d1e47"}, True),
        ({"agentId": "a", "executionId": "x"}, False),
        ({"agentId": "a", "traceId": "0" * 32}, True),
        ({"agentId": "a", "traceId": "0" * 31}, False),
        ({"agentId": "a", "tags": [""]}, False),
        ({"agentId": "a", "tags": ["x"] * 101}, False),
        ({"agentId": "a", "input": [None, {"any": "JSON"}]}, True),
        ({"agentId": "a", "other": 1}, False),
        ({"agentId": None}, False),
        ({"agentId": "x" * 201}, False),
    ],
)
def test_a_body_follows_the_rules_of_its_fields(contracts: Contracts, body: Any, *, is_valid: bool) -> None:
    descriptor = contracts.message_type("timeloom.snapshots.v1.CreateExecutionRequest")
    assert validator(contracts, descriptor, request=True).is_valid(body) is is_valid


def test_members_of_a_oneof_exclude_one_another(contracts: Contracts) -> None:
    descriptor = contracts.message_type("timeloom.snapshots.v1.BatchRecordSnapshotsRequest")
    check = validator(contracts, descriptor, request=True).is_valid
    execution_id = "019a7f3e-5c1b-7d42-9f0e-3b2a6c8d1e47"
    assert check({"executionId": execution_id, "snapshots": [{"state": 1}]})
    assert not check({"executionId": execution_id, "snapshots": [{"state": 1, "delta": []}]})
    assert not check({"executionId": execution_id, "snapshots": []})


@pytest.mark.parametrize(
    ("comment", "shown"),
    [
        ("From the answer's `next_page_token`.", "From the answer's `nextPageToken`."),
        ("`tl_<id>_…` stays", "`tl_<id>_…` stays"),
        ("`name` and `to_execution_id`", "`name` and `toExecutionId`"),
    ],
)
def test_comments_name_fields_as_rest_does(comment: str, shown: str) -> None:
    assert with_rest_names(comment) == shown
