"""Generate the Python stubs and the descriptor set from `protos/`.

Runs in the isolated environment of `codegen.lock` (`make protos`). The stubs land
beside the SDK's own modules, because a proto package is a Python package
(`timeloom.memory.v1` is `timeloom/memory/v1/`); the descriptor set, which keeps the
comments, is what the gateway builds its routes and the API reference from.
"""

from __future__ import annotations

import sys
from importlib.resources import files
from pathlib import Path

from google.api import annotations_pb2
from grpc_tools import protoc

ROOT = Path(__file__).resolve().parent.parent
PROTOS = ROOT / "protos"
STUBS = ROOT / "sdk" / "python"
DESCRIPTOR_SET = ROOT / "gateway" / "timeloom_gateway" / "contracts.binpb"


def main() -> int:
    """Generate everything and return protoc's exit code."""
    well_known = files("grpc_tools") / "_proto"
    google_api = Path(annotations_pb2.__file__).parents[2]
    sources = sorted(str(path.relative_to(PROTOS)) for path in PROTOS.rglob("*.proto"))
    status = protoc.main(
        [
            "protoc",
            f"--proto_path={PROTOS}",
            f"--proto_path={google_api}",
            f"--proto_path={well_known}",
            f"--python_out={STUBS}",
            f"--grpc_python_out={STUBS}",
            f"--mypy_out={STUBS}",
            f"--mypy_grpc_out={STUBS}",
            f"--descriptor_set_out={DESCRIPTOR_SET}",
            "--include_imports",
            "--include_source_info",
            *sources,
        ]
    )
    for package in {path.parent for path in STUBS.rglob("*_pb2.py")}:
        for folder in (package, package.parent):
            (folder / "__init__.py").touch()
    for stub in STUBS.rglob("*_pb2_grpc.py"):
        if "class " not in stub.read_text(encoding="utf-8"):
            stub.unlink()
            stub.with_suffix(".pyi").unlink(missing_ok=True)
    return int(status)


if __name__ == "__main__":
    sys.exit(main())
