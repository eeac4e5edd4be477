r"""Executions as files: self-contained, streamed in both directions, and proved by their hashes.

A file is a header, blocks, and a footer; numbers are big-endian and have 32 bits.

    header = "\x89TLX\r\n\x1a\n", version (1)
    block  = length of the frame (not 0), frame: zstd, with the size of its content and a checksum
    footer = 0, number of snapshots, of effects, of moves of the head, SHA-256 of everything before

The content of a block is a row of records, each after its length: MessagePack arrays that begin with the
name of their kind, see `records.py`. The execution comes first, then its snapshots in the order of their
sequences, each with its effects right after it, and then the moves of its head. A fork is flattened: the file
has all snapshots, those that it shares among them. States are in the file only where nothing leads to them;
deltas are, as they were recorded. So every state hash and every chain hash can be computed anew from it.
"""
