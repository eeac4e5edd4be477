"""A client's request made into one that Electric may be asked: of one project, and of what clients may see.

Electric knows no projects. So nothing that a client wrote goes on as it came: the request is read and checked
as if we answered it ourselves, and another one is written from what was understood.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias
from uuid import UUID

from timeloom_workspace.shapes.clauses.lexing import tokens_of
from timeloom_workspace.shapes.errors import InvalidShapeRequestError
from timeloom_workspace.shapes.offsets import BEFORE_ALL, Offset
from timeloom_workspace.shapes.requests import ShapeRequest, Subset
from timeloom_workspace.shapes.shape import Definition, clause_of, defined
from timeloom_workspace.shapes.snapshots import order_of
from timeloom_workspace.shapes.tables import Table

QUERY_CHARACTERS_MAX: Final = 60_000
"""Of what is asked of Electric, which takes everything from the line of the request."""

_PLAIN: Final = re.compile(r"[a-z_][a-z0-9_]*", re.ASCII)
Fields: TypeAlias = list[tuple[str, str]]


def confined(request: ShapeRequest, table: Table, project_id: str) -> Fields:
    """The parameters of the request that Electric is asked.

    Raises:
        InvalidShapeRequestError: The request is wrong, or one that cannot be confined.
    """
    definition, _ = defined(request, table, project_id)
    fields = [*_of_definition(definition, project_id), *_of_place(request)]
    if request.subset is not None:
        fields += _of_subset(request.subset, table)
    if sum(len(name) + len(value) for name, value in fields) > QUERY_CHARACTERS_MAX:
        raise InvalidShapeRequestError.of(
            "query", f"is longer than {QUERY_CHARACTERS_MAX} characters, and Electric takes no more"
        )
    return fields


def _of_definition(definition: Definition, project_id: str) -> Fields:
    registration = definition.table.registration
    column = registration.project_column
    # A key may begin with the project, and Electric wants the whole of a key.
    columns = [*([] if column is None else [column]), *definition.columns]
    fields = [
        ("table", f"{_name(registration.schema)}.{_name(registration.table)}"),
        ("columns", ",".join(map(_name, columns))),
    ]
    parameters = [value for _, value in definition.parameters]
    conditions = [f"( {_words(definition.where)} )"] if definition.where else []
    if column is not None:
        parameters.append(str(UUID(project_id)))
        conditions.insert(0, f"{_name(column)} = ${len(parameters)}")
    if conditions:
        fields.append(("where", " AND ".join(conditions)))
    fields += [(f"params[{number}]", value) for number, value in enumerate(parameters, 1)]
    if definition.is_full_replica:
        fields.append(("replica", "full"))
    if not definition.has_snapshot:
        fields.append(("log", "changes_only"))
    return fields


def _of_place(request: ShapeRequest) -> Fields:
    fields = [("offset", _offset(request.offset))]
    fields += [(name, value) for name, value in _given(request).items() if value]
    return fields


def _given(request: ShapeRequest) -> Mapping[str, str]:
    return {
        "handle": request.handle,
        "live": "true" if request.is_live else "",
        "live_sse": "true" if request.is_event_stream else "",
        "cursor": request.cursor,
    }


def _of_subset(subset: Subset, table: Table) -> Fields:
    fields: Fields = []
    if subset.where:
        clause_of(subset.where, table, subset.parameters, "subset__where")
        fields.append(("subset__where", _words(subset.where)))
        fields.append(("subset__params", json.dumps({str(n): v for n, v in subset.parameters.items()})))
    if subset.order_by:
        fields.append(("subset__order_by", order_of(subset.order_by, table)))
    elif subset.limit is not None or subset.offset:
        raise InvalidShapeRequestError.of("subset__order_by", "can't be blank with a limit or an offset")
    if subset.limit is not None:
        fields.append(("subset__limit", str(subset.limit)))
    if subset.offset is not None:
        fields.append(("subset__offset", str(subset.offset)))
    # A subset of everything has to say that it is one.
    return fields or [("subset__where", "true")]


def _words(clause: str) -> str:
    """A clause that the grammar has read, word by word: none can run into its neighbours."""
    words: Sequence[str] = [token.source for token in tokens_of(clause)]
    return " ".join(words).strip()


def _offset(offset: Offset | None) -> str:
    if offset is None:
        return "now"
    return "-1" if offset == BEFORE_ALL else str(offset)


def _name(name: str) -> str:
    return name if _PLAIN.fullmatch(name) else '"' + name.replace('"', '""') + '"'
