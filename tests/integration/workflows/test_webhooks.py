"""Webhooks: calls that are signed make a workflow begin."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from tests.integration.snapshots.service import refused
from tests.integration.workflows.service import Replica
from tests.integration.workflows.triggering import executions, put, triggers
from timeloom.workflows.v1 import workflow_triggers_service_pb2 as messages
from timeloom.workflows.v1 import workflows_service_pb2
from timeloom_workflows.model import TriggerType
from timeloom_workflows.triggers.signatures import sign

BODY = b' {"order": 7.0}\n'


async def secret_of(replica: Replica) -> tuple[str, str]:
    """Returns a webhook's secret and id."""
    response = await replica.triggers.GetWebhookSecret(
        messages.GetWebhookSecretRequest(workflow_id="greet"), metadata=replica.metadata
    )
    return response.secret, response.path.rpartition("/")[2]


async def call(replica: Replica, body: bytes = BODY, **fields: Any) -> str:
    """Calls a webhook as anybody; returns what it began."""
    secret, hook_id = await secret_of(replica)
    named: dict[str, Any] = {
        "hook_id": hook_id,
        "body": body,
        "signature": sign(secret, body, seconds=int(time.time())),
        **fields,
    }
    request = messages.ReceiveWebhookRequest(**named)
    return (await replica.triggers.ReceiveWebhook(request)).execution_id


async def test_a_call_that_is_signed_begins_the_workflow(workflows_service: Replica) -> None:
    await put(workflows_service, triggers=[{"type": "webhook"}])

    execution_id = await call(workflows_service)

    (execution,) = await executions(workflows_service)
    assert (str(execution.id), execution.input) == (execution_id, BODY)
    assert execution.trigger is TriggerType.WEBHOOK


async def test_a_trigger_says_which_calls_it_takes_and_what_of_them(workflows_service: Replica) -> None:
    webhook = {
        "type": "webhook",
        "match": "event.data.action == 'opened'",
        "input": {"n": "${ event.data.number }"},
    }
    await put(workflows_service, triggers=[webhook])

    assert await call(workflows_service, b'{"action":"closed","number":1}') == ""
    assert await call(workflows_service, b'{"action":"opened","number":2}') != ""

    (execution,) = await executions(workflows_service)
    assert json.loads(execution.input or b"") == {"n": 2}


@pytest.mark.parametrize(
    "signature",
    ["", "nonsense", f"t={int(time.time())},v1={'0' * 64}", "t=1,v1=" + "0" * 64],
    ids=["none", "nonsense", "wrong", "wrong and old"],
)
async def test_a_wrong_signature_is_refused(workflows_service: Replica, signature: str) -> None:
    await put(workflows_service, triggers=[{"type": "webhook"}])

    refusal = await refused(call(workflows_service, signature=signature))

    assert refusal.reason == "INVALID_SIGNATURE"
    assert await executions(workflows_service) == []


async def test_a_signature_is_good_for_five_minutes_and_for_its_body(workflows_service: Replica) -> None:
    await put(workflows_service, triggers=[{"type": "webhook"}])
    secret, _ = await secret_of(workflows_service)
    now = int(time.time())

    for signature in (
        sign(secret, BODY, seconds=now - 400),
        sign(secret, BODY, seconds=now + 400),
        sign(secret, BODY.strip(), seconds=now),
    ):
        refusal = await refused(call(workflows_service, signature=signature))
        assert refusal.reason == "INVALID_SIGNATURE"
    assert await call(workflows_service, signature=sign(secret, BODY, seconds=now - 200))


async def test_a_call_that_is_repeated_counts_once(workflows_service: Replica) -> None:
    await put(workflows_service, triggers=[{"type": "webhook"}])
    secret, _ = await secret_of(workflows_service)
    now = int(time.time())
    replayed = sign(secret, BODY, seconds=now - 1)

    by_delivery = {
        await call(workflows_service, delivery_id="d1", signature=sign(secret, BODY, seconds=now - age))
        for age in range(3)
    }
    by_signature = {await call(workflows_service, signature=replayed) for _ in range(3)}

    assert (len(by_delivery), len(by_signature)) == (1, 1)
    assert len(await executions(workflows_service)) == 2


async def test_another_secret_makes_the_old_one_useless(workflows_service: Replica) -> None:
    await put(workflows_service, triggers=[{"type": "webhook"}])
    old, _ = await secret_of(workflows_service)

    rotated = await workflows_service.triggers.RotateWebhookSecret(
        messages.RotateWebhookSecretRequest(workflow_id="greet"), metadata=workflows_service.metadata
    )

    assert rotated.secret == (await secret_of(workflows_service))[0] != old
    refusal = await refused(call(workflows_service, signature=sign(old, BODY, seconds=int(time.time()))))
    assert refusal.reason == "INVALID_SIGNATURE"
    assert await call(workflows_service)


async def test_a_webhook_keeps_its_address_and_secret_in_new_versions(workflows_service: Replica) -> None:
    await put(workflows_service, triggers=[{"type": "webhook"}])
    before = await secret_of(workflows_service)

    await put(workflows_service, triggers=[{"type": "webhook", "match": "true"}])

    assert await secret_of(workflows_service) == before
    (trigger,) = await triggers(workflows_service)
    assert trigger.path == f"/api/workflows/hooks/{before[1]}"


async def test_unknown_and_switched_off_webhooks_begin_nothing(workflows_service: Replica) -> None:
    await put(workflows_service, triggers=[{"type": "webhook"}])

    unknown = await refused(call(workflows_service, hook_id="wh_unknown"))
    await workflows_service.workflows.DisableWorkflow(
        workflows_service_pb2.DisableWorkflowRequest(workflow_id="greet"), metadata=workflows_service.metadata
    )
    switched_off = await refused(call(workflows_service))

    assert (unknown.reason, switched_off.reason) == ("NOT_FOUND", "WRONG_STATUS")


async def test_only_webhooks_have_secrets(workflows_service: Replica) -> None:
    await put(workflows_service, triggers=[{"type": "event", "event": "a"}])

    refusal = await refused(secret_of(workflows_service))

    assert refusal.reason == "INVALID_FIELD"
