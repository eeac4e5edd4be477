"""Values of classes as readable JSON, by LangGraph's serialisation: the one that its checkpoints use."""

from __future__ import annotations

from typing import Any, Final

from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

from timeloom.langgraph.transcoding import Document, Transcoder

_serde: Final = JsonPlusSerializer()
_transcoder: Final = Transcoder(ordered=False)


def dumps(value: Any) -> Any:
    """Return a value as JSON."""
    return _transcoder.encode(_serde.dumps_typed(value)).tree


def loads(tree: Any) -> Any:
    """Return a value again."""
    return _serde.loads_typed(_transcoder.decode(Document(tree)))
