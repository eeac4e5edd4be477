"""A resource in the making: values are made to fit, and what was done to them is noted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from timeloom_migration.families.documents import UnreadableError, keepable, keepable_document, parse
from timeloom_migration.planning.model import Json
from timeloom_migration.transformers import values

TAG_COUNT_MAX: Final = 100
TAG_CHARACTERS_MAX: Final = 200
DOCUMENT_BYTES_MAX: Final = 8 * 1024 * 1024
METADATA_BYTES_MAX: Final = 1024 * 1024
REASON_CHARACTERS_MAX: Final = 1000


class Draft:
    """The fields of a resource, by their names in REST, and what does not fit among them.

    Attributes:
        fields: What there is so far.
        rest: What goes into the metadata: what nobody knows, and what does not fit as it is.
        remarks: What was done; never a value.
        refusal: Why it cannot be migrated; empty if it can.
        update_time: When the app changed it last.
    """

    def __init__(self) -> None:
        self.fields: dict[str, Json] = {}
        self.rest: dict[str, Json] = {}
        self.remarks: list[str] = []
        self.refusal = ""
        self.update_time: datetime | None = None

    def refuse(self, field: str, problem: str) -> None:
        """Refuse the whole resource; the first reason counts."""
        self.refusal = self.refusal or f"{field}: {problem}"

    def remark(self, field: str, what: str) -> None:
        """Note what was done to a field."""
        self.remarks.append(f"{field}: {what}")

    def text(self, name: str, value: Json, *, length_max: int) -> None:
        """Set a text; a longer one is cut, and kept whole in the metadata."""
        if value is None:
            return
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            self.aside(name, value, "is no text")
            return
        text = keepable(str(value))
        if len(text) > length_max:
            self.aside(name, text, f"was cut to {length_max:,} characters")
        self.fields[name] = text[:length_max]

    def flag(self, name: str, value: Json) -> None:
        """Set what is true or false, in the ways that apps say so."""
        if value is None:
            return
        if isinstance(value, bool | int):
            self.fields[name] = bool(value)
        elif isinstance(value, str) and value.lower() in ("true", "false"):
            self.fields[name] = value.lower() == "true"
        else:
            self.aside(name, value, "is neither true nor false")

    def moment(self, name: str, value: Json) -> None:
        """Set a time."""
        if value is None or value == "":
            return
        found = values.moment(value)
        if found is None:
            self.aside(name, value, "is no time")
        else:
            self.fields[name] = values.rfc3339(found)

    def choice(self, name: str, value: Json, choices: Mapping[str, str]) -> None:
        """Set one of an enum's values, by the word that an app has for it."""
        if value is None or value == "":
            return
        word = value.strip().upper().replace("-", "_").replace(" ", "_") if isinstance(value, str) else ""
        if word in choices:
            self.fields[name] = choices[word]
            if choices[word] != word and not choices[word].endswith(f"_{word}"):
                self.rest[_original(name)] = value
        else:
            self.aside(name, value, "is none of those that are known")

    def words(self, name: str, value: Json) -> None:
        """Set a list of words."""
        if value is None:
            return
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            self.aside(name, value, "is no list of words")
            return
        words = list(dict.fromkeys(keepable(str(each))[:TAG_CHARACTERS_MAX] for each in value if each))
        if len(words) > TAG_COUNT_MAX:
            self.aside(name, value, f"was cut to {TAG_COUNT_MAX}")
        self.fields[name] = words[:TAG_COUNT_MAX]

    def document(self, name: str, value: Json, kind: type[list[Json] | dict[str, Json]] | None) -> None:
        """Set a JSON document, of a kind if one is given; a text that is JSON counts as what it says."""
        if value is None:
            return
        found: Json = value
        if kind is not None and isinstance(value, str):
            try:
                found = parse(value)
            except UnreadableError:
                found = value
        if kind is not None and not isinstance(found, kind):
            self.aside(name, value, "is no list" if kind is list else "is no object")
            return
        found = keepable_document(found)
        if size_of(found) > DOCUMENT_BYTES_MAX:
            self.refuse(name, f"has more than {DOCUMENT_BYTES_MAX:,} bytes")
            return
        self.fields[name] = found

    def aside(self, name: str, value: Json, what: str) -> None:
        """Keep in the metadata what does not fit where it belongs."""
        self.remark(name, f"{what}; it is kept in the metadata")
        self.rest[_original(name)] = keepable_document(value)

    def metadata(self, given: Json, left: Mapping[str, Json], *, bytes_max: int = METADATA_BYTES_MAX) -> None:
        """Set the metadata: what the app kept there, what nobody took, and what does not fit elsewhere."""
        kept = {**left, **self.rest}
        if isinstance(given, dict):
            kept = {**given, **kept}
        elif given is not None:
            kept["originalMetadata"] = given
        unknown = sorted(keepable(name) for name in left)
        if unknown:
            self.remark("metadata", f"has what is unknown here: {', '.join(unknown[:20])}")
        metadata = keepable_document(kept)
        if size_of(metadata) > bytes_max:
            self.remark("metadata", f"has more than {bytes_max:,} bytes; it is kept with the migration alone")
            metadata = {name: value for name, value in self.rest.items() if size_of(value) <= 1000}
        if metadata:
            self.fields["metadata"] = metadata

    def reason(self) -> str:
        """Return all remarks as one text."""
        return "; ".join(self.remarks)[:REASON_CHARACTERS_MAX]


def size_of(value: Json) -> int:
    """Return how many bytes a document takes."""
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace"))


def _original(name: str) -> str:
    return f"original{name[:1].upper()}{name[1:]}"
