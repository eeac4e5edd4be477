"""Random messages of every type, against protobuf's own JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass

import msgspec
import pytest
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.gateway import example_contract
from tests.unit.gateway.messages import expected_json, messages, protobuf_json
from timeloom_gateway.contracts import Contracts, message_class
from timeloom_gateway.transcoding.reading import Readers
from timeloom_gateway.transcoding.writing import Writers

EXAMPLE, TIMELOOM = example_contract.build(), Contracts.load()


def types_of(contracts: Contracts) -> list[Descriptor]:
    """Every message type of Timeloom's own packages."""
    names = [name for name in contracts.file_names if name.startswith("timeloom/")]
    files = (contracts.pool.FindFileByName(name) for name in names)
    return [message for file in files for message in file.message_types_by_name.values()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A message type with its reader and writer."""

    contracts: Contracts
    descriptor: Descriptor
    readers: Readers
    writers: Writers

    def write(self, message: Message) -> bytes:
        return msgspec.json.encode(self.writers.message(self.descriptor).write(message))

    def read(self, document: bytes) -> Message:
        return message_class(self.descriptor)(**self.readers.message(self.descriptor).read(document))


def cases_of(contracts: Contracts) -> list[Case]:
    readers, writers = Readers(contracts.pool), Writers(contracts.pool)
    return [
        Case(contracts=contracts, descriptor=each, readers=readers, writers=writers)
        for each in types_of(contracts)
    ]


SOME = settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
every_type = pytest.mark.parametrize(
    "case", [*cases_of(EXAMPLE), *cases_of(TIMELOOM)], ids=lambda case: case.descriptor.full_name
)


@every_type
@given(data=st.data())
@SOME
def test_a_message_is_written_as_protobuf_writes_it(case: Case, data: st.DataObject) -> None:
    message = data.draw(messages(case.descriptor))
    assert json.loads(case.write(message)) == expected_json(message, case.contracts)


@every_type
@given(data=st.data())
@SOME
def test_a_written_message_is_read_back(case: Case, data: st.DataObject) -> None:
    message = data.draw(messages(case.descriptor))
    assert case.read(case.write(message)) == message


@every_type
@given(data=st.data())
@SOME
def test_the_json_of_protobuf_is_read(case: Case, data: st.DataObject) -> None:
    message = data.draw(messages(case.descriptor))
    text = json.dumps(protobuf_json(message, case.contracts), ensure_ascii=False).encode()
    assert json.loads(case.write(case.read(text))) == expected_json(message, case.contracts)
