"""The tools by which a language model remembers, recalls, shares and forgets."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Final, Literal, TypeAlias

from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations
from pydantic import BaseModel, Field

from timeloom.aio.memory import AsyncMemories
from timeloom.errors import TimeloomError
from timeloom.memories import SCORE_MIN, Memory, MemoryFilter, MemoryKind, Permission, SearchResult

INSTRUCTIONS: Final = (
    "Timeloom keeps what you learn beyond this conversation. Recall before you answer what may have come up "
    "before. Remember facts, preferences, decisions and solutions that will matter again, each in a sentence "
    "that can be understood by itself. What no longer holds: remember what does, and forget the old one."
)
LIMIT_MAX: Final = 100
TOKENS_MAX: Final = 50_000

Memories: TypeAlias = Callable[["Context[Any, Any]"], AsyncMemories]
"""Returns the memories that a call may use: those of its caller."""

Kind: TypeAlias = Literal[
    "CONVERSATION",
    "TASK_EXECUTION",
    "USER_PREFERENCE",
    "LEARNED_PATTERN",
    "ERROR_RESOLUTION",
    "CONTEXT_SUMMARY",
    "KNOWLEDGE",
    "SKILL",
]
Namespaces: TypeAlias = Annotated[
    list[str] | None,
    Field(description="Where to look, such as agent/me or team/support; wherever you may if left out."),
]
Content: TypeAlias = Annotated[
    str, Field(description="One thing, in words that can be understood by themselves.")
]
Kinds: TypeAlias = Annotated[list[Kind] | None, Field(description="Only these kinds.")]
Tags: TypeAlias = Annotated[list[str] | None, Field(description="Words to find it by, or that it must have.")]
When: TypeAlias = Annotated[datetime | None, Field(description="When it happened; now if left out.")]
Limit: TypeAlias = Annotated[int, Field(ge=1, le=LIMIT_MAX, description="How many at most.")]
Tokens: TypeAlias = Annotated[int, Field(ge=1, le=TOKENS_MAX, description="How long the text may be.")]
ScoreMin: TypeAlias = Annotated[
    float, Field(ge=0, le=1, description="How well it must fit at least; 0 for whatever there is.")
]
Allowed: TypeAlias = Annotated[Literal["READ", "WRITE"], Field(description="To write is to read, too.")]


class Remembered(BaseModel):
    """What is remembered now."""

    id: str
    namespace: str


class Recalled(BaseModel):
    """A memory that was found."""

    id: str
    content: str
    namespace: str
    kind: str
    tags: list[str]
    occur_time: datetime | None
    score: float


class RecalledList(BaseModel):
    """What was found, best first."""

    memories: list[Recalled]


class PromptContext(BaseModel):
    """A text to read before answering, and the memories that it is made of."""

    text: str
    token_count: int
    source_ids: list[str]


class Shared(BaseModel):
    """A permission that was given; its id takes it back."""

    grant_id: str
    principal: str
    permission: str


def memory_server(memories: Memories) -> MCPServer[Any]:
    """Return a server with the tools remember, recall, context, share and forget.

    Args:
        memories: Tells for each call whose memories it works on.
    """
    server: MCPServer[Any] = MCPServer(
        "timeloom", title="Timeloom", instructions=INSTRUCTIONS, log_level="WARNING"
    )
    tools = _Tools(memories)
    reading = ToolAnnotations(read_only_hint=True, open_world_hint=False)
    adding = ToolAnnotations(read_only_hint=False, destructive_hint=False, open_world_hint=False)
    removing = ToolAnnotations(read_only_hint=False, destructive_hint=True, open_world_hint=False)
    server.add_tool(tools.remember, title="Remember", annotations=adding)
    server.add_tool(tools.recall, title="Recall", annotations=reading)
    server.add_tool(tools.context, title="Context", annotations=reading)
    server.add_tool(tools.share, title="Share", annotations=adding)
    server.add_tool(tools.forget, title="Forget", annotations=removing)
    return server


class _Tools:
    """The docstrings are what the language model reads."""

    def __init__(self, memories: Memories) -> None:
        self._memories = memories

    async def remember(
        self,
        content: Annotated[
            str, Field(description="One thing, in words that can be understood by themselves.")
        ],
        ctx: Context[Any, Any],
        *,
        namespace: Annotated[str, Field(description="Where it belongs; to you if left out.")] = "",
        kind: Annotated[Kind, Field(description="What it is about.")] = "KNOWLEDGE",
        tags: Tags = None,
        importance: Annotated[float, Field(ge=1, le=10, description="How much it matters.")] = 5,
        occur_time: Annotated[
            datetime | None, Field(description="When it happened; now if left out.")
        ] = None,
        session_id: Annotated[str, Field(description="The conversation or task that it comes from.")] = "",
    ) -> Remembered:
        """Remember a fact, preference, decision, solution or event for later conversations."""
        with _told():
            made = await self._memories(ctx).add(
                content,
                namespace=namespace,
                kind=MemoryKind(kind),
                tags=tags or (),
                importance=importance,
                occur_time=occur_time,
                session_id=session_id,
            )
        return Remembered(id=made.id, namespace=made.namespace)

    async def recall(
        self,
        query: Annotated[str, Field(description="What to look for, in your own words; times count too.")],
        ctx: Context[Any, Any],
        *,
        namespaces: Namespaces = None,
        kinds: Kinds = None,
        tags: Tags = None,
        limit: Limit = 10,
        score_min: ScoreMin = SCORE_MIN,
    ) -> RecalledList:
        """Find what was remembered, by meaning, words and time ("last week", "in May"), best first."""
        wanted = MemoryFilter(kinds=[MemoryKind(kind) for kind in kinds or ()], tags=tags or ())
        with _told():
            found = await self._memories(ctx).search(
                query,
                namespaces=namespaces or (),
                filter=wanted,
                limit=limit,
                collapse_duplicates=True,
                score_min=score_min,
            )
        return RecalledList(memories=[_recalled(each) for each in found])

    async def context(
        self,
        query: Annotated[str, Field(description="What you are about to do or answer.")],
        ctx: Context[Any, Any],
        *,
        namespaces: Namespaces = None,
        max_tokens: Annotated[
            int, Field(ge=1, le=TOKENS_MAX, description="How long the text may be.")
        ] = 1000,
        score_min: ScoreMin = SCORE_MIN,
    ) -> PromptContext:
        """Read everything that matters for a task in one text: dated, varied, and within a length."""
        with _told():
            made = await self._memories(ctx).context(
                query, namespaces=namespaces or (), max_tokens=max_tokens, score_min=score_min
            )
        return PromptContext(
            text=made.text,
            token_count=made.token_count,
            source_ids=[each.memory.id for each in made.results],
        )

    async def share(
        self,
        principal: Annotated[str, Field(description="Who: agent/<id>, team/<id> or project.")],
        ctx: Context[Any, Any],
        *,
        namespace: Annotated[str, Field(description="A namespace, with all below it.")] = "",
        memory_id: Annotated[str, Field(description="Or a single memory.")] = "",
        permission: Annotated[
            Literal["READ", "WRITE"], Field(description="To write is to read, too.")
        ] = "READ",
    ) -> Shared:
        """Let an agent, a team or the whole project see what you remember."""
        if bool(namespace) == bool(memory_id):
            raise ToolError("Give either a namespace or a memory_id.")
        with _told():
            made = await self._memories(ctx).share(
                principal=principal,
                namespace=namespace,
                memory_id=memory_id,
                permission=Permission(permission),
            )
        return Shared(grant_id=made.id, principal=made.principal, permission=made.permission.value)

    async def forget(
        self,
        memory_id: Annotated[str, Field(description="The id that recall has shown.")],
        ctx: Context[Any, Any],
        *,
        reason: Annotated[str, Field(description="Why, for its history.")] = "",
    ) -> Remembered:
        """Delete a memory that is wrong or not wanted any more. People can restore it for some time."""
        with _told():
            gone: Memory = await self._memories(ctx).delete(memory_id, reason=reason)
        return Remembered(id=gone.id, namespace=gone.namespace)


class _told:  # noqa: N801 - it reads like a statement
    """Turns the service's refusals into what the language model is told."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, stack: object) -> None:
        if isinstance(error, TimeloomError):
            lines = [error.message, *(f"{each.field}: {each.description}" for each in error.violations)]
            raise ToolError("\n".join(lines)) from error


def _recalled(result: SearchResult) -> Recalled:
    memory = result.memory
    return Recalled(
        id=memory.id,
        content=memory.content,
        namespace=memory.namespace,
        kind=memory.kind.value,
        tags=list(memory.tags),
        occur_time=memory.occur_time,
        score=result.score,
    )
