"""Generate the Python stubs and the descriptor set from `protos/`.

Runs in the isolated environment of `codegen.lock` (`make protos`). The stubs land
beside the SDK's own modules, because a proto package is a Python package
(`timeloom.memory.v1` is `timeloom/memory/v1/`); the descriptor set, which keeps the
comments, is what the gateway builds its routes and the API reference from.

Usage: generate_protos.py [ROOT]   (ROOT: where the tree is written; the repository by default)
"""

from __future__ import annotations

import sys
from importlib.resources import files
from pathlib import Path

from google.api import annotations_pb2
from grpc_tools import protoc

REPOSITORY = Path(__file__).resolve().parent.parent
PROTOS = REPOSITORY / "protos"


def main(root: Path) -> int:
    """Generate everything below `root` and return protoc's exit code."""
    stubs = root / "sdk" / "python"
    descriptor_set = root / "gateway" / "timeloom_gateway" / "contracts.binpb"
    for folder in (stubs, descriptor_set.parent):
        folder.mkdir(parents=True, exist_ok=True)
    well_known = files("grpc_tools") / "_proto"
    google_api = Path(annotations_pb2.__file__).parents[2]
    sources = sorted(str(path.relative_to(PROTOS)) for path in PROTOS.rglob("*.proto"))
    status = protoc.main(
        [
            "protoc",
            f"--proto_path={PROTOS}",
            f"--proto_path={google_api}",
            f"--proto_path={well_known}",
            f"--python_out={stubs}",
            f"--grpc_python_out={stubs}",
            f"--mypy_out=quiet:{stubs}",
            f"--mypy_grpc_out=quiet:{stubs}",
            f"--descriptor_set_out={descriptor_set}",
            "--include_imports",
            "--include_source_info",
            *sources,
        ]
    )
    _make_packages(stubs)
    return int(status)


def _make_packages(stubs: Path) -> None:
    """Complete the packages of the stubs, and drop the service stubs of files without a service."""
    for package in {path.parent for path in stubs.rglob("*_pb2.py")}:
        for folder in (package, package.parent):
            (folder / "__init__.py").touch()
    for stub in stubs.rglob("*_pb2_grpc.py"):
        if "class " not in stub.read_text(encoding="utf-8"):
            stub.unlink()
            stub.with_suffix(".pyi").unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else REPOSITORY))
