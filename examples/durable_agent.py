"""An agent that goes on where it stood: kill it as often as you like, and start it again.

    timeloom up                                               # in another terminal
    python examples/durable_agent.py "Why is the sky blue?"

It looks into several sides of a question at once, brings the findings together, and asks whether to publish
the answer. Press Ctrl-C, or kill it, at any moment, and start it again with the same question: what is done
is not done again.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import sys
from collections.abc import Sequence

from timeloom import AsyncTimeloom
from timeloom.workflow_resources import ExecutionChange, WaitReason
from timeloom.workflows import Retry, Worker, approval, gather, sleep, step, workflow

SIDES = ("history", "physics", "objections")


@step(retry=Retry(max_attempts=3))
async def look_into(side: str, question: str) -> str:
    """Stands for a search or a model: slow, and now and then worth a second try."""
    await asyncio.sleep(1.0)
    return f"what {side} says about: {question}"


@step
async def bring_together(findings: Sequence[str]) -> str:
    """Stands for a model that writes."""
    await asyncio.sleep(1.0)
    return "; ".join(findings)


@workflow(id="durable-research")
async def research(question: str) -> dict[str, object]:
    """Looks into a question, and asks before it publishes."""
    findings = await gather(*(look_into(side, question) for side in SIDES))
    answer = await bring_together(findings)
    decision = await approval(f"Publish this? {answer}", timeout="1d")
    if decision is None or not decision.approved:
        return {"published": False, "answer": answer}
    await sleep("2s")
    return {"published": True, "answer": answer}


async def main(question: str, *, yes: bool) -> None:
    """Runs a worker, begins the execution or finds the one that there is, and follows it to its end."""
    key = hashlib.sha256(question.encode()).hexdigest()[:16]
    async with AsyncTimeloom() as client, Worker(workflows=[research]) as worker:
        working = asyncio.create_task(worker.run())
        await worker.connected()
        begun = await client.workflows.execute("durable-research", question, idempotency_key=key)
        async for change in client.workflows.executions.watch(begun.id):
            show(change)
            if any(each.waiting_for is WaitReason.APPROVAL for each in change.steps):
                if not yes and not sys.stdin.isatty():
                    print(f"It asks. Answer with: timeloom workflows approve {begun.id}")
                    continue
                approved = yes or (await asyncio.to_thread(input, "Publish? [y/N] ")).lower() == "y"
                executions = client.workflows.executions
                await (executions.approve if approved else executions.reject)(begun.id, decided_by="you")
        ended = await client.workflows.executions.get(begun.id)
        print(f"{ended.status.lower()}: {ended.output}")
        print(f"Step through it: timeloom executions play {ended.id}")
        worker.stop()
        await working


def show(change: ExecutionChange) -> None:
    """Prints what got on."""
    for each in change.steps:
        print(f"  {each.id:20} {each.status.lower()}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("question", nargs="?", default="Why is the sky blue?")
    parser.add_argument("--yes", action="store_true", help="publish without asking")
    arguments = parser.parse_args()
    asyncio.run(main(arguments.question, yes=arguments.yes))
