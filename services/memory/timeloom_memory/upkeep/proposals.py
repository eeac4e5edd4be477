"""Proposals to merge near-duplicates: listed, carried out, refused."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from timeloom_memory.model import Memory
from timeloom_memory.sharing.access import Access
from timeloom_memory.storage import memories, proposals
from timeloom_memory.storage.proposals import Proposal, ProposalState
from timeloom_memory.upkeep.merging import Merge, Merging
from timeloom_platform.database import Connection, Database
from timeloom_platform.errors import ConflictError, NotFoundError
from timeloom_platform.pagination import Cursors, ListIdentity, Page


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """A proposal that was carried out, and the memory that came of it."""

    proposal: Proposal
    memory: Memory


class Proposals:
    """The proposals of all projects."""

    def __init__(self, *, database: Database, merging: Merging, cursors: Cursors) -> None:
        self._database = database
        self._merging = merging
        self._cursors = cursors

    async def list_page(
        self,
        project_id: UUID,
        *,
        namespace: str,
        state: ProposalState,
        page_token: str,
        limit: int,
        as_agent_id: str,
    ) -> Page[Proposal]:
        """Returns a page of proposals, most alike first; of all namespaces that may be read if none is named.

        Raises:
            InvalidPageTokenError: The token belongs to another list.
        """
        identity: ListIdentity = {
            "list": "proposals",
            "project": str(project_id),
            "namespace": namespace,
            "state": int(state),
            "agent": as_agent_id,
        }
        position = self._cursors.decode(page_token, of=identity)
        async with self._database.transaction(str(project_id)) as connection:
            found = await proposals.select_page(
                connection,
                project_id,
                namespace=namespace,
                state=state,
                scope=await Access.of(connection, project_id, as_agent_id),
                after=(float(position[0] or 0), UUID(str(position[1]))) if position else None,
                limit=limit + 1,
            )
        return self._cursors.page(
            found, limit=limit, of=identity, position=lambda each: [each.similarity, str(each.id)]
        )

    async def apply(self, project_id: UUID, proposal_id: UUID, *, as_agent_id: str) -> Applied:
        """Merges what a proposal names; if that was done before, returns what came of it.

        Raises:
            NotFoundError: There is no such proposal.
            PermissionDeniedError: The agent may not change all of the memories.
            ConflictError: It was refused or undone, or its memories are not what they were.
        """
        proposal = await self._get(project_id, proposal_id, as_agent_id)
        if proposal.state is not ProposalState.APPLIED:
            if proposal.state is not ProposalState.OPEN:
                raise ConflictError(f"The proposal {proposal_id} is not open any more.")
            wanted = Merge(memory_ids=proposal.memory_ids, reason="near-duplicates", proposal_id=proposal_id)
            memory = await self._merging.merge(project_id, wanted, as_agent_id=as_agent_id)
            return Applied(proposal=await self._get(project_id, proposal_id, as_agent_id), memory=memory)
        assert proposal.merged_id is not None, "an applied proposal says what came of it"
        async with self._database.transaction(str(project_id)) as connection:
            found = await memories.select(connection, project_id, [proposal.merged_id], scope=None)
        if proposal.merged_id not in found:
            raise NotFoundError(f"There is no memory {proposal.merged_id}.")
        return Applied(proposal=proposal, memory=found[proposal.merged_id])

    async def reject(self, project_id: UUID, proposal_id: UUID, *, as_agent_id: str) -> Proposal:
        """Refuses a proposal: no two of its memories are proposed together again.

        Raises:
            NotFoundError: There is no such proposal.
            PermissionDeniedError: The agent may only read the namespace.
            ConflictError: It was carried out.
        """
        async with self._database.transaction(str(project_id)) as connection:
            scope = await Access.of(connection, project_id, as_agent_id)
            proposal = await proposals.lock(connection, project_id, proposal_id)
            if proposal is None or not scope.may_read(proposal.namespace):
                raise _missing(proposal_id)
            scope.require_write(proposal.namespace)
            if proposal.state is ProposalState.REJECTED:
                return proposal
            if proposal.state is not ProposalState.OPEN:
                raise ConflictError(f"The proposal {proposal_id} is not open any more.")
            return await proposals.update(connection, project_id, proposal_id, state=ProposalState.REJECTED)

    async def _get(self, project_id: UUID, proposal_id: UUID, as_agent_id: str) -> Proposal:
        async with self._database.transaction(str(project_id)) as connection:
            return await _readable(connection, project_id, proposal_id, as_agent_id)


async def _readable(
    connection: Connection, project_id: UUID, proposal_id: UUID, as_agent_id: str
) -> Proposal:
    scope = await Access.of(connection, project_id, as_agent_id)
    proposal = await proposals.select(connection, project_id, proposal_id)
    if proposal is None or not scope.may_read(proposal.namespace):
        raise _missing(proposal_id)
    return proposal


def _missing(proposal_id: UUID) -> NotFoundError:
    return NotFoundError(f"There is no proposal {proposal_id}.")
