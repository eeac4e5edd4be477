"""Generate the types of `@timeloom/client` from the contracts.

The OpenAPI document that the gateway serves is built from the descriptor set, pruned to what types are made
of, and given to openapi-typescript. Where Node.js or the packages of web/ are missing, nothing is written and
a message says so: whoever has no use for the browser side need not install it.

Usage: generate_client.py [ROOT]   (ROOT: where the tree is written; the repository by default)
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, cast

from timeloom_gateway.contracts import Contracts
from timeloom_gateway.openapi.document import build
from timeloom_gateway.problems import Reasons
from timeloom_gateway.transcoding.rest import compile_routes

REPOSITORY: Final = Path(__file__).resolve().parent.parent
TARGET: Final = Path("web/packages/client/src/generated/api.ts")
GENERATOR: Final = REPOSITORY / "web/node_modules/openapi-typescript/bin/cli.js"
LIMIT_SECONDS: Final = 120

_HEADER: Final = "// Made from the contracts by tools/generate_client.py. Do not change it by hand.\n\n"
# Second addresses of the same methods.
_ALIAS: Final = "Alias"
_JSON: Final = "application/json"
_NOT_FINITE: Final = {"enum": ["NaN", "Infinity", "-Infinity"]}
_ABSENCE: Final = re.compile(r"^ *\w+\?: never;\n", re.MULTILINE)
_EMPTY_PARAMETERS: Final = re.compile(r"^ *parameters: \{\n *\};\n", re.MULTILINE)
# What protobuf says of its own types, at great length, on each of their fields.
_WELL_KNOWN: Final = ("A Timestamp represents", "A Duration represents")


def main(root: Path) -> int:
    """Write the types below `root`, if Node.js is there to make them."""
    node = shutil.which("node")
    if node is None or not GENERATOR.exists():
        print(f"{TARGET} was left as it is: it needs Node.js, and `npm ci` in web/", file=sys.stderr)
        return 0
    contracts = Contracts.load()
    document = pruned(build(contracts, list(compile_routes(contracts)), Reasons(contracts)))
    target = root / TARGET
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "openapi.json"
        source.write_text(json.dumps(document), encoding="utf-8")
        made = subprocess.run(
            [node, GENERATOR, source], capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False
        )
    if made.returncode != 0:
        print(made.stderr, file=sys.stderr)
        return made.returncode
    target.write_text(_HEADER + _without_absences(made.stdout), encoding="utf-8")
    return 0


def pruned(document: dict[str, Any]) -> dict[str, Any]:
    """What of a document types are made of.

    Refusals are left out, because the client throws them, and so are headers, which it sends by itself or
    takes with any call, and second addresses of the same methods.
    """
    paths: dict[str, dict[str, Any]] = {}
    for path, item in document["paths"].items():
        kept = {name: _operation(each) for name, each in item.items() if _is_typed(each)}
        if kept:
            paths[path] = kept
    schemas = {name: _schema(each) for name, each in document["components"]["schemas"].items()}
    return {
        "openapi": document["openapi"],
        "info": {"title": "Timeloom", "version": "1"},
        "paths": paths,
        "components": {"schemas": schemas},
    }


def _is_typed(operation: dict[str, Any]) -> bool:
    return not operation["operationId"].endswith(_ALIAS)


def _operation(operation: dict[str, Any]) -> dict[str, Any]:
    parameters = [_schema(each) for each in operation.get("parameters", []) if each["in"] != "header"]
    responses = {
        status: _body(response)
        for status, response in operation["responses"].items()
        if status.startswith("2") or status == "304"
    }
    kept: dict[str, Any] = {"operationId": operation["operationId"], "summary": operation["summary"]}
    if parameters:
        kept["parameters"] = parameters
    if "requestBody" in operation:
        kept["requestBody"] = _body(operation["requestBody"])
    return {**kept, "responses": responses}


def _body(described: dict[str, Any]) -> dict[str, Any]:
    return {name: _schema(value) for name, value in described.items() if name != "headers"}


def _schema(schema: Any) -> Any:
    """A schema without what TypeScript has no type for.

    Doubles become plain numbers: REST has words for those that are not finite, but no service keeps any.
    """
    if isinstance(schema, list):
        return [_schema(each) for each in cast("Sequence[Any]", schema)]
    return _object(cast("Mapping[str, Any]", schema)) if isinstance(schema, dict) else schema


def _object(schema: Mapping[str, Any]) -> dict[str, Any]:
    if _NOT_FINITE in schema.get("anyOf", []):
        return {**{name: value for name, value in schema.items() if name != "anyOf"}, "type": "number"}
    kept = {name: _schema(value) for name, value in schema.items() if name not in ("format", "examples")}
    if "properties" in schema:  # whose keys are names, not keywords
        kept["properties"] = {name: _schema(value) for name, value in schema["properties"].items()}
    if str(kept.get("description", "")).startswith(_WELL_KNOWN):
        del kept["description"]
    return kept


def _without_absences(source: str) -> str:
    """The generated types without their own header, and without what says that something is not there."""
    _, _, body = source.partition("*/\n")
    return _EMPTY_PARAMETERS.sub("", _ABSENCE.sub("", body)).strip() + "\n"


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else REPOSITORY))
