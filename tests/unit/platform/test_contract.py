"""What is read from the contract."""

from __future__ import annotations

import pytest

from tests.helpers.contracts import add_contract
from timeloom.identity.v1 import identity_service_pb2
from timeloom.snapshots.v1 import snapshots_service_pb2
from timeloom_platform.auth import Scope
from timeloom_platform.contract import ContractError, MethodContract, methods_of

SNAPSHOTS = snapshots_service_pb2.DESCRIPTOR.services_by_name["SnapshotsService"]
IDENTITY = identity_service_pb2.DESCRIPTOR.services_by_name["IdentityService"]


def test_describes_a_method() -> None:
    method = methods_of([SNAPSHOTS])["/timeloom.snapshots.v1.SnapshotsService/TailSnapshots"]

    assert method == MethodContract(
        path="/timeloom.snapshots.v1.SnapshotsService/TailSnapshots",
        service="timeloom.snapshots.v1.SnapshotsService",
        name="TailSnapshots",
        scope=Scope.READ,
        timeout_seconds=None,
        idempotent=True,
        streams_requests=False,
        streams_responses=True,
        request=snapshots_service_pb2.TailSnapshotsRequest.DESCRIPTOR,
    )


def test_every_method_of_the_contracts_names_a_scope() -> None:
    assert len(methods_of([SNAPSHOTS, IDENTITY])) == len(SNAPSHOTS.methods) + len(IDENTITY.methods)


def test_names_the_methods_without_a_scope() -> None:
    file = add_contract(
        "unguarded",
        'message_type { name: "Nothing" } service { name: "Unguarded" method { name: "Look"'
        ' input_type: ".timeloom.test.v1.Nothing" output_type: ".timeloom.test.v1.Nothing" } }',
    )

    with pytest.raises(ContractError, match=r"timeloom\.test\.v1\.Unguarded/Look"):
        methods_of(file.services_by_name.values())
