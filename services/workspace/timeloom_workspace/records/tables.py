"""What fields records have: the one place that says so.

Reading and writing by REST, by synchronisation and by shapes all go by these tables: columns are named like
the fields of the contract, and a test compares the two.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from timeloom_platform.errors import NotFoundError


class Kind(Enum):
    """What a field holds, and as what Python has it."""

    TEXT = auto()
    """`str`."""
    UUID = auto()
    """`UUID`, or None where there is none."""
    WORD = auto()
    """`str`: one of the words of an enum of the contract."""
    FLAG = auto()
    """`bool`."""
    COUNT = auto()
    """`int`."""
    TIME = auto()
    """`datetime`, or None where there is none."""
    TAGS = auto()
    """`list[str]`."""
    DOCUMENT = auto()
    """`str`: the text of a JSON document, or None where there is none."""


COLUMN_TYPES: Final[Mapping[Kind, str]] = {
    Kind.TEXT: "text",
    Kind.UUID: "uuid",
    Kind.WORD: "text",
    Kind.FLAG: "boolean",
    Kind.COUNT: "integer",
    Kind.TIME: "timestamptz",
    Kind.TAGS: "text[]",
    Kind.DOCUMENT: "jsonb",
}

TAG_LENGTH_MAX: Final = 100
VARIABLE_NAME_LENGTH_MAX: Final = 200
VARIABLE_LENGTH_MAX: Final = 32_768
VARIABLES_BYTES_MAX: Final = 8 * 1024 * 1024
METADATA_BYTES_MAX: Final = 1024 * 1024
DOCUMENT_BYTES_MAX: Final = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A field of a record.

    Attributes:
        name: In the contract and as a column; REST has it in lowerCamelCase.
        kind: What it holds.
        size_max: The greatest number of characters, of elements, of a document's bytes, or itself.
        is_required: Whether a record must have it, and never empty.
        is_nullable: Whether there may be none.
        is_settable: Whether a caller sets it; else the service does.
        default: What a record has that is made without it; tags have none then.
        words: Those of an enum, without their prefix.
        document: What its document has to be: `dict`, `list`, or `object` for anything.
        is_of_texts: Whether the members of its document are texts.
    """

    name: str
    kind: Kind
    size_max: int = 0
    is_required: bool = False
    is_nullable: bool = False
    is_settable: bool = True
    default: object = None
    words: tuple[str, ...] = ()
    document: type = object
    is_of_texts: bool = False

    @property
    def json_name(self) -> str:
        """Its name in REST."""
        return json_name(self.name)

    @property
    def initial(self) -> object:
        """What a record has that is made without it."""
        return [] if self.kind is Kind.TAGS else self.default

    @property
    def column_type(self) -> str:
        """The type of its column."""
        return COLUMN_TYPES[self.kind]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table of records.

    Attributes:
        name: The table's.
        noun: What one of its records is called.
        fields: Those of its records, besides `id`, the times and what only the service needs.
        unique: The fields that no two records of a project may have in common; none if empty.
    """

    name: str
    noun: str
    fields: Mapping[str, Field]
    unique: tuple[str, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that clients see, in the order of the contract; the key comes first."""
        return ("id", *self.fields, "create_time", "update_time")


def json_name(name: str) -> str:
    """Returns the name in REST of what the contract names in snake_case."""
    first, *rest = name.split("_")
    return first + "".join(map(str.capitalize, rest))


def table_of(name: str) -> Table:
    """Returns the table of a name.

    Raises:
        NotFoundError: There is none.
    """
    table = TABLES.get(name)
    if table is None:
        raise NotFoundError(f"There is no table {name}; there are {', '.join(TABLES)}.")
    return table


def _text(name: str, length_max: int, *, is_required: bool = False) -> Field:
    return Field(name=name, kind=Kind.TEXT, size_max=length_max, is_required=is_required, default="")


def _word(name: str, *words: str, default: str) -> Field:
    return Field(name=name, kind=Kind.WORD, words=words, default=default)


def _flag(name: str) -> Field:
    return Field(name=name, kind=Kind.FLAG, default=False)


def _time(name: str) -> Field:
    return Field(name=name, kind=Kind.TIME, is_nullable=True)


def _object(name: str, bytes_max: int) -> Field:
    return Field(name=name, kind=Kind.DOCUMENT, size_max=bytes_max, document=dict, default="{}")


def _table(name: str, noun: str, *fields: Field, unique: tuple[str, ...] = ()) -> Table:
    return Table(name=name, noun=noun, fields={each.name: each for each in fields}, unique=unique)


TASKS: Final = _table(
    "tasks",
    "task",
    _text("title", 500, is_required=True),
    _text("description", 100_000),
    _word("status", "PENDING", "IN_PROGRESS", "PAUSED", "COMPLETED", "CANCELLED", default="PENDING"),
    _word("priority", "LOW", "MEDIUM", "HIGH", default="MEDIUM"),
    _word("mode", "CODE", "ASK", default="CODE"),
    _text("user_id", 200),
    _text("session_id", 200),
    Field(name="environment_id", kind=Kind.UUID, is_nullable=True),
    _text("repository", 500),
    _text("branch", 500),
    _text("status_message", 5000),
    _flag("has_changes"),
    _flag("archived"),
    Field(name="messages", kind=Kind.DOCUMENT, size_max=DOCUMENT_BYTES_MAX, document=list, default="[]"),
    Field(name="pull_request", kind=Kind.DOCUMENT, size_max=65_536, document=dict, is_nullable=True),
    Field(name="tags", kind=Kind.TAGS, size_max=100),
    _object("metadata", METADATA_BYTES_MAX),
)

ENVIRONMENTS: Final = _table(
    "environments",
    "environment",
    _text("name", 200, is_required=True),
    _text("description", 100_000),
    _text("github_organization", 200),
    _text("github_repository", 500),
    Field(
        name="variables",
        kind=Kind.DOCUMENT,
        size_max=VARIABLES_BYTES_MAX,
        document=dict,
        is_of_texts=True,
        default="{}",
    ),
    Field(name="secret_names", kind=Kind.TAGS, size_max=50, is_settable=False),
    _text("user_id", 200),
    _object("metadata", METADATA_BYTES_MAX),
    unique=("name",),
)

PREFERENCES: Final = _table(
    "preferences",
    "preference",
    _text("user_id", 200),
    _text("key", 500, is_required=True),
    Field(name="value", kind=Kind.DOCUMENT, size_max=1024 * 1024, is_required=True),
    unique=("user_id", "key"),
)

AGENT_SESSIONS: Final = _table(
    "agent_sessions",
    "agent session",
    _text("user_id", 200),
    _text("agent_id", 200),
    _word("type", "CHAT", "VOICE", "BRAINSTORM", "MULTI_AGENT", default="CHAT"),
    _text("title", 500),
    _object("data", DOCUMENT_BYTES_MAX),
    _text("current_stage", 200),
    Field(name="total_stages", kind=Kind.COUNT, size_max=1_000_000, default=0),
    _flag("active"),
    _time("start_time"),
    _time("end_time"),
    _time("last_interaction_time"),
    _object("metadata", METADATA_BYTES_MAX),
)

TABLES: Final[Mapping[str, Table]] = {
    table.name: table for table in (TASKS, ENVIRONMENTS, PREFERENCES, AGENT_SESSIONS)
}
