"""What is bounded, by name."""

from __future__ import annotations

from typing import Final

NAME_LENGTH_MAX: Final = 500
"""Characters of an event's name; what is longer is cut, and stays whole in the attributes."""

WORD_LENGTH_MAX: Final = 200
"""Characters of an agent, a model, a session and whatever else events are grouped by; likewise."""

MESSAGE_LENGTH_MAX: Final = 10_000
"""Characters of what a log says, or of why a span failed; likewise."""

PREVIEW_LENGTH_MAX: Final = 500
"""Characters of what went in, or came out, that lists show."""

TAGS_MAX: Final = 100

TOKENS_MAX: Final = 1_000_000_000
"""Tokens of one call; who says more has not counted. Sums of them stay within what the database adds up."""

COST_MAX: Final = 1_000_000_000.0
"""US dollars of one call; likewise."""

ATTRIBUTES_MAX: Final = 10_000
"""Attributes of one record; one with more is rejected."""

RECORD_BYTES_MAX: Final = 16 * 1024 * 1024
"""What one record may take as JSON; a larger one is rejected."""

RESOURCE_BYTES_MAX: Final = 1024 * 1024
"""What a program may say of itself; everything of one that says more is rejected."""

VALUE_DEPTH_MAX: Final = 24
"""How deep the value of an attribute may be nested; a record with a deeper one is rejected."""

DOCUMENT_DEPTH_MAX: Final = 100
"""How deep JSON in a text may be nested; what is deeper stays a text, so that no reader runs out of stack."""

MOMENTS_MAX: Final = 1_000
"""Moments of one span; those after them are dropped and counted."""

BUCKETS_MAX: Final = 1_000
"""Buckets, or quantiles, of one point of a metric; one with more is rejected."""

LINKS_MAX: Final = 1_000
"""Links of one span; likewise."""

STATES_MAX: Final = 10_000
"""States that one trace becomes."""

UNEMBEDDED_COUNTED_MAX: Final = 100_000
"""Events that wait to be findable by meaning; more of them are not counted."""

REASONS_MAX: Final = 5
"""Of why records were rejected, so many reasons are told."""

TIME_MIN_NS: Final = 946_684_800 * 1_000_000_000
"""The beginning of the year 2000: what began before is kept as of then, so that no clock makes partitions."""

TIME_AHEAD_MAX_NS: Final = 24 * 3600 * 1_000_000_000
"""How far ahead of the receiver's clock an event may begin."""

METADATA_BYTES_MAX: Final = 64 * 1024
"""What a score's metadata may take in canonical form."""
