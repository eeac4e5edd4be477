"""What `client.observability` and `client.scores` return: frozen values, named as in the contract."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class EventType(StrEnum):
    """What an event is a record of: work with a beginning and an end, a moment in it, a log, or a report."""

    SPAN = "SPAN"
    SPAN_EVENT = "SPAN_EVENT"
    LOG = "LOG"
    CHANGE = "CHANGE"
    CUSTOM = "CUSTOM"


class EventKind(StrEnum):
    """Which part of an agent's work an event is."""

    AGENT = "AGENT"
    WORKFLOW = "WORKFLOW"
    CHAIN = "CHAIN"
    LLM = "LLM"
    EMBEDDING = "EMBEDDING"
    TOOL = "TOOL"
    RETRIEVER = "RETRIEVER"
    RERANKER = "RERANKER"
    GUARDRAIL = "GUARDRAIL"
    EVALUATOR = "EVALUATOR"
    PROMPT = "PROMPT"
    MEMORY = "MEMORY"
    PLAN = "PLAN"
    OTHER = "OTHER"


class EventStatus(StrEnum):
    """How what an event records came out."""

    OK = "OK"
    ERROR = "ERROR"


class Severity(StrEnum):
    """How bad something is."""

    TRACE = "TRACE"
    DEBUG = "DEBUG"
    INFO = "INFO"
    WARN = "WARN"
    ERROR = "ERROR"
    FATAL = "FATAL"


class CostSource(StrEnum):
    """Where a cost comes from: whoever sent it said it, or it was reckoned from tokens and a price."""

    REPORTED = "REPORTED"
    PRICED = "PRICED"


class ScoreSource(StrEnum):
    """Who gave a score: a person, a program or a model that judges, or it came with the telemetry."""

    HUMAN = "HUMAN"
    EVALUATOR = "EVALUATOR"
    TELEMETRY = "TELEMETRY"


class SearchMode(StrEnum):
    """What a search goes by, if not by words and meaning."""

    WORDS = "WORDS"
    MEANING = "MEANING"


class ExportFormat(StrEnum):
    """The form of an export: a JSON document a line, or Apache Parquet."""

    JSONL = "JSONL"
    PARQUET = "PARQUET"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenUsage:
    """The tokens of a call of a model, or of all calls of something.

    Attributes:
        input_tokens: Those that went in, the cached ones among them.
        output_tokens: Those that came out, those of reasoning among them.
        total_tokens: Both.
        cache_read_tokens: Those of the input that were read from the provider's cache.
        cache_write_tokens: Those of the input that were written to it.
        reasoning_tokens: Those of the output that were spent on reasoning.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    total_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What something cost, in US dollars; the parts are None where they are not known."""

    total: float
    input: float | None
    output: float | None
    source: CostSource | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Another span that a span has to do with."""

    trace_id: str
    span_id: str
    attributes: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened while an agent worked.

    Attributes:
        id: A UUID that follows from what the event is: the same event sent again is the same.
        type: What it is a record of.
        kind: Which part of an agent's work it is.
        name: Its span's name, its log's event name, or what its writer called it.
        status: How it came out; None if nobody said.
        severity: How bad it is; None if nobody said.
        message: What a log says, or why a span failed.
        error_type: The class of an error, such as `RateLimitError`.
        trace_id: In hex; empty if it belongs to no trace.
        span_id: In hex.
        parent_span_id: Empty for the root of a trace.
        start_time: When it began.
        end_time: The same for a moment.
        duration_ms: In milliseconds.
        receive_time: When it was committed.
        execution_id: The execution that it is a part of.
        session_id: The conversation.
        user_id: Whom the agent works for.
        agent_id: The agent that did it.
        model: The model that answered, or that was asked.
        provider: Who serves the model.
        tool_name: The tool that was called.
        service_name: The program that reported it.
        scope_name: The part of the program that reported it.
        tags: Words to find it by.
        usage: None where no tokens were counted.
        cost: None where nothing is known to have been paid.
        input_preview: The beginning of what went in, as a person would read it.
        output_preview: The beginning of what came out.
        input: What went in. Lists leave this, and what follows, out.
        output: What came out.
        attributes: All others, as they were sent.
        resource: What was said of the program that reported it.
        links: Other spans that it has to do with.
    """

    id: str
    type: EventType | None
    kind: EventKind | None
    name: str
    status: EventStatus | None
    severity: Severity | None
    message: str
    error_type: str
    trace_id: str
    span_id: str
    parent_span_id: str
    start_time: datetime | None
    end_time: datetime | None
    duration_ms: float
    receive_time: datetime | None
    execution_id: str
    session_id: str
    user_id: str
    agent_id: str
    model: str
    provider: str
    tool_name: str
    service_name: str
    scope_name: str
    tags: Sequence[str]
    usage: TokenUsage | None
    cost: Cost | None
    input_preview: str
    output_preview: str
    input: Any
    output: Any
    attributes: Any
    resource: Any
    links: Sequence[Link]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEvent:
    """An event as a program reports it that does not speak OpenTelemetry.

    Attributes:
        name: What happened.
        start_time: When it began; now if None.
        end_time: When it ended; a moment if None.
        usage: The tokens, if a model was called.
        cost: In US dollars; reckoned from the tokens if None.
        input: What went in; any JSON value.
        output: What came out; any JSON value.
        attributes: Any JSON object.
        event_id: A UUID of your own, by which a repetition is known; made here if empty.
    """

    name: str
    kind: EventKind | None = None
    status: EventStatus | None = None
    severity: Severity | None = None
    message: str = ""
    error_type: str = ""
    trace_id: str = ""
    span_id: str = ""
    parent_span_id: str = ""
    start_time: datetime | None = None
    end_time: datetime | None = None
    execution_id: str = ""
    session_id: str = ""
    user_id: str = ""
    agent_id: str = ""
    model: str = ""
    provider: str = ""
    tool_name: str = ""
    service_name: str = ""
    tags: Sequence[str] = ()
    usage: TokenUsage | None = None
    cost: float | None = None
    input: Any = None
    output: Any = None
    attributes: Any = None
    event_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """Which events are meant: all that is given must hold, and of a list one of its values.

    Attributes:
        severity_min: This severity, or a worse one.
        tags: All of these.
        roots_only: Only spans without a parent.
        started_after: Those that began at or after this time.
        started_before: Those that began before this time.
        duration_ms_min: Those that took at least so many milliseconds.
        duration_ms_max: Those that took less.
        attributes: Those that have these attributes, each as `name=value`.
        words: Those in which all of these words occur.
    """

    types: Sequence[EventType] = ()
    kinds: Sequence[EventKind] = ()
    statuses: Sequence[EventStatus] = ()
    severity_min: Severity | None = None
    names: Sequence[str] = ()
    agent_ids: Sequence[str] = ()
    models: Sequence[str] = ()
    providers: Sequence[str] = ()
    tool_names: Sequence[str] = ()
    service_names: Sequence[str] = ()
    error_types: Sequence[str] = ()
    trace_id: str = ""
    execution_id: str = ""
    session_id: str = ""
    user_id: str = ""
    tags: Sequence[str] = ()
    roots_only: bool = False
    started_after: datetime | None = None
    started_before: datetime | None = None
    duration_ms_min: float = 0.0
    duration_ms_max: float = 0.0
    attributes: Sequence[str] = ()
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventBatch:
    """Events that were committed while somebody followed them.

    Attributes:
        events: Without their inputs, outputs and attributes.
        position: After these; `tail` goes on from here.
        skipped_count: So many were left out, because they were taken more slowly than they came.
    """

    events: Sequence[Event]
    position: str
    skipped_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EventMatch:
    """An event that was found, and why.

    Attributes:
        event: Without its input, output and attributes.
        score: Higher is better; only comparable within one answer.
        word_rank: Its rank among those that have the words, from 1 on; zero if it does not have them.
        meaning_rank: Its rank among those of a similar meaning; zero if it is not among them.
        similarity: How near its meaning is, from -1 to 1.
        words: The words of the query that it has.
        excerpt: The place that matches, as HTML, with the words between `<mark>` and `</mark>`.
    """

    event: Event
    score: float
    word_rank: int
    meaning_rank: int
    similarity: float
    words: Sequence[str]
    excerpt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EventMatches:
    """What a search found, best first.

    Attributes:
        matches: The events, with the reasons.
        by_meaning: Whether it went by meaning, too; it does not while the model cannot be reached.
    """

    matches: Sequence[EventMatch]
    by_meaning: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """Everything that belongs to one piece of work.

    Attributes:
        id: In hex.
        name: Its root's.
        status: ERROR if its root failed; if the root has not arrived, if any span did.
        has_root: Whether its root has arrived.
        execution_id: The execution of time travel that it is, or is a part of.
        usage: Of all calls of models in it.
        cost: Of all calls of models in it.
    """

    id: str
    name: str
    kind: EventKind | None
    status: EventStatus | None
    start_time: datetime | None
    end_time: datetime | None
    duration_ms: float
    span_count: int
    error_count: int
    has_root: bool
    root_span_id: str
    execution_id: str
    session_id: str
    user_id: str
    agent_id: str
    models: Sequence[str]
    service_names: Sequence[str]
    tags: Sequence[str]
    usage: TokenUsage | None
    cost: Cost | None
    input_preview: str
    output_preview: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceSpan:
    """A span at its place in a trace's tree.

    Attributes:
        event: Without its input, output and attributes.
        depth: How far below the root; 0 for the root, and for spans whose parent has not arrived.
        child_count: How many spans are right below it.
        is_critical: Whether the trace would have been faster if this span had been.
        self_ms: The time in it that is none of its children's.
        moments: Within it.
    """

    event: Event
    depth: int
    child_count: int
    is_critical: bool
    self_ms: float
    moments: Sequence[Event]


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How good something was: a trace, a span in it, an execution, or a session.

    Attributes:
        id: A UUID.
        name: What was judged, such as `helpfulness`.
        value: None for a score that is only a label.
        label: Such as `good`.
        comment: Why.
        source: Who gave it.
        trace_id: The trace; empty if it is of something else.
        span_id: The span in it.
        execution_id: The execution.
        session_id: The conversation.
        author_id: Who judged.
        metadata: Whatever is kept with it.
        create_time: When it was given.
    """

    id: str
    name: str
    value: float | None
    label: str
    comment: str
    source: ScoreSource | None
    trace_id: str
    span_id: str
    execution_id: str
    session_id: str
    author_id: str
    metadata: Any
    create_time: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceTree:
    """A trace with its spans.

    Attributes:
        trace: What it comes to.
        spans: In the order of a tree: each after its parent, siblings by their beginning.
        scores: That were given to it or to its spans.
    """

    trace: Trace
    spans: Sequence[TraceSpan]
    scores: Sequence[Score]


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A conversation: the traces that name one session.

    Attributes:
        id: The session's.
        user_id: Whom its agents work for.
        start_time: When it began.
        last_time: When the last of its spans began.
        trace_count: How many traces it has.
        error_count: How many of them failed.
        agent_ids: The agents that took part.
        usage: Of all its traces.
        cost: Of all its traces.
    """

    id: str
    user_id: str
    start_time: datetime | None
    last_time: datetime | None
    trace_count: int
    error_count: int
    agent_ids: Sequence[str]
    usage: TokenUsage | None
    cost: Cost | None
