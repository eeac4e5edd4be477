"""The limits of the service, each with its name. What the contract bounds already is not repeated here."""

from __future__ import annotations

from typing import Final

STATE_BYTES_MAX: Final = 64 * 1024 * 1024
"""The size of a state in canonical form, and of a delta."""

METADATA_BYTES_MAX: Final = 256 * 1024
"""The metadata of an execution or snapshot, in canonical form."""

DOCUMENT_BYTES_MAX: Final = 16 * 1024 * 1024
"""The input or the output of an execution, in canonical form."""

EFFECTS_MAX: Final = 10_000
"""The effects of one snapshot."""

EFFECTS_BYTES_MAX: Final = 32 * 1024 * 1024
"""The requests and responses of one snapshot's effects together, in canonical form."""

PAGE_BYTES_MAX: Final = 32 * 1024 * 1024
"""The documents on one page of a list; a page ends early rather than have more."""

INLINE_METADATA_BYTES_MAX: Final = 4096
"""Lists read larger metadata by a statement of its own, for as many snapshots as a page takes."""

ANSWER_BYTES_MAX: Final = 70 * 1024 * 1024
"""The documents of one answer; a message has little more."""

COUNTED_EXECUTIONS_MAX: Final = 200_000
"""The executions that one answer counts: the newest."""

FACET_VALUES: Final = 20
"""The values of a field that are counted, unless the caller wants more."""

TAGS_MAX: Final = 100
"""The tags of one execution or snapshot."""

FORK_DEPTH_MAX: Final = 100
"""How many forks may lie between an execution and the first one that it goes back to."""

ROLLED_BACK_EFFECTS_MAX: Final = 1000
"""The effects that the answer to a rollback lists."""

PROBLEMS_MAX: Final = 1000
"""The problems that one verification lists."""

SEQUENCE_MAX: Final = 2**31 - 1
"""The snapshots of one execution."""

CHANGES_MAX: Final = 10_000
"""The changes that one comparison lists."""

CHANGES_BYTES_MAX: Final = 64 * 1024 * 1024
"""The values of the changes that one comparison lists."""

GROUP_SNAPSHOTS_MAX: Final = 256
"""The snapshots of one commit, if each request for itself has fewer."""

GROUP_BYTES_MAX: Final = 4 * 1024 * 1024
"""The deltas of one commit, if each request for itself has fewer."""

PENDING_SNAPSHOTS_MAX: Final = 8192
"""The snapshots of one project that wait for their commit."""

PENDING_BYTES_MAX: Final = 256 * 1024 * 1024
"""The requests of all projects that wait for their commit."""

STREAM_SNAPSHOTS_MAX: Final = 2048
"""The snapshots of one stream that wait for their commit; then no more is read from the stream."""

STREAM_BYTES_MAX: Final = 16 * 1024 * 1024
"""The bytes of one stream that wait for their commit, if no message for itself has more."""

ATTEMPTS_MAX: Final = 8
"""How often a snapshot is tried that names no parent, while other writers are faster."""

INLINE_WORK_BYTES_MAX: Final = 512 * 1024
"""Larger documents are worked on in a thread, so that other calls go on."""

TAIL_PAGE: Final = 500
"""The snapshots that a tail reads at once."""

PRUNING_PAGE: Final = 100
"""The executions that pruning examines by one statement."""

PRUNED_AT_ONCE_MAX: Final = 1000
"""The snapshots that pruning deletes in one transaction, while which their execution records nothing."""

PRUNED_EXECUTIONS_MAX: Final = 1000
"""The executions that lose something by one call."""

PRUNED_SNAPSHOTS_MAX: Final = 100_000
"""The snapshots that one call of pruning deletes; those of executions that go as a whole are not counted."""

SEGMENT_STEPS_MAX: Final = 256
"""The snapshots of one segment."""

SEGMENT_BYTES_MAX: Final = 4 * 1024 * 1024
"""The deltas of one segment, before they are compressed."""

SEALED_DELTA_BYTES_MAX: Final = 512 * 1024
"""Larger deltas stay by themselves when their snapshots are sealed."""

SEALED_STATES_BYTES_MAX: Final = 16 * 1024 * 1024
"""The whole states that one transaction of sealing compresses anew: no longer is recording held up."""

FILE_BYTES_MAX: Final = 4 * 1024 * 1024 * 1024
"""The size of a file that is imported."""

FILE_UNPACKED_BYTES_MAX: Final = 16 * FILE_BYTES_MAX
"""What it may hold when it is unpacked; a block at a time is."""

FILE_BLOCK_BYTES_MAX: Final = 2 * STATE_BYTES_MAX + 4 * 1024 * 1024
"""A block of a file: a snapshot with a state and a delta has most."""

FILE_SNAPSHOTS_MAX: Final = 1_000_000
"""The snapshots of an execution that is exported or imported."""

FILE_CHUNK_BYTES: Final = 256 * 1024
"""The parts in which a file is sent, at most."""

FILE_PAGE_BYTES: Final = 8 * 1024 * 1024
"""The deltas, compressed, that are read from the database or written to it at once."""

IMPORTS_AT_ONCE_MAX: Final = 2
"""The files that are imported at the same time; each has a transaction open."""

CHUNK_WAIT_SECONDS: Final = 20.0
"""How long an import waits for the next part of its file."""
