"""Check that what is generated is current and that the contracts break nobody.

Three checks, all of which run even when one fails: the stubs, the descriptor set and, where
Node.js is, the types of the TypeScript client equal what the generators make of `protos/`;
each lock equals what its requirement file resolves to; the contracts are compatible, on the
wire and in JSON, with those of the last release (`protos/released.binpb`).
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
DESCRIPTOR_SET = Path("gateway/timeloom_gateway/contracts.binpb")
LOCKS = ("bootstrap", "requirements", "requirements-dev", "codegen")


def main() -> int:
    """Print every difference and return 1 if there is one."""
    problems = [*_stale_stubs(), *_stale_locks(), *_breaking_changes()]
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


def _stale_stubs() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder)
        _run("make", "--silent", "protos", f"OUTPUT={fresh}")
        generated = {path.relative_to(fresh) for path in fresh.rglob("*") if path.is_file()}
        generated = {path for path in generated if path.name != "__init__.py"}
        for path in sorted(generated):
            committed = REPOSITORY / path
            if not committed.exists() or committed.read_bytes() != (fresh / path).read_bytes():
                yield f"{path} is not what the generator makes: run `make protos`"
        stubs = (REPOSITORY / "sdk/python").rglob("*_pb2*.py*")
        present = {path.relative_to(REPOSITORY) for path in stubs if path.suffix in {".py", ".pyi"}}
        for path in sorted(present - generated):
            yield f"{path} is left over: the generator no longer makes it"


def _stale_locks() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        for name in LOCKS:
            lock = REPOSITORY / f"{name}.lock"
            fresh = Path(folder) / lock.name
            shutil.copy(lock, fresh)  # what it pins stays pinned, as long as the requirements allow it
            _run("make", "--silent", "resolve", f"NAME={name}", f"OUTPUT={fresh}")
            if _pins(lock) != _pins(fresh):
                yield f"{lock.name} is not what {name}.in resolves to: run `make lock`"


def _pins(lock: Path) -> list[str]:
    lines = lock.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if not line.lstrip().startswith("#")]


def _breaking_changes() -> Iterator[str]:
    against = "--against", "protos/released.binpb", "--against-config", "protos/buf.yaml"
    result = subprocess.run(
        [BIN / "buf", "breaking", DESCRIPTOR_SET, "--config", "protos/buf.yaml", *against],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        yield f"The contracts break clients of the last release:\n{result.stdout}{result.stderr}"


def _run(*command: str) -> None:
    subprocess.run(command, cwd=REPOSITORY, check=True)


if __name__ == "__main__":
    sys.exit(main())
