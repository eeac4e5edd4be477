"""The export script makes the same canonical JSON, and the same hashes, as the client that checks them."""

from __future__ import annotations

import json
import shutil
import subprocess
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from timeloom.exports import record_sha256

NODE = shutil.which("node")
SCRIPT = str(files("timeloom_gateway.pages").joinpath("static", "migrate.js"))
SCRIPT_BYTES_MAX = 32 * 1024
VECTORS = json.loads((Path(__file__).parents[2] / "data" / "jcs.json").read_text(encoding="utf-8"))
RECORDS: list[tuple[str, str, Any]] = [
    ("localStorage", "theme", "dark"),
    ("localStorage", "task-store", json.dumps({"state": {"tasks": [{"title": "Größe 😀 \u2028 \x00"}]}})),
    ("indexedDB:desk/memories", "7", {"é": 1, "\ue000": 2, "😀": 3, "vector": [0.1, -1e-7, 1e21, 5e-324]}),
    ("indexedDB:desk/odd", "__proto__", {"__proto__": 1, "": [], "b": {}}),
]

pytestmark = pytest.mark.skipif(NODE is None, reason="there is no node to run the script with")


def run(program: str, given: Any) -> Any:
    """Runs a program that has the script's functions as `script` and the value as `given`."""
    assert NODE is not None
    whole = f"""
      require({json.dumps(SCRIPT)});
      const script = globalThis.TimeloomMigration;
      const given = JSON.parse(require("fs").readFileSync(0, "utf8"));
      (async () => {{ {program} }})().then((result) => process.stdout.write(JSON.stringify(result)));
    """
    # `input` of a text is UTF-8, whatever the locale.
    done = subprocess.run(
        [NODE, "-e", whole], input=json.dumps(given).encode(), capture_output=True, check=True, timeout=60
    )
    return json.loads(done.stdout)


def test_values_and_numbers_have_the_form_that_the_standard_gives_them() -> None:
    documents = [vector["json"] for vector in VECTORS["values"]] + [
        digits for digits, _ in VECTORS["numbers"]
    ]
    expected = [vector["canonical"] for vector in VECTORS["values"]] + [
        text for _, text in VECTORS["numbers"]
    ]

    assert run("return given.map((each) => script.canonical(JSON.parse(each)));", documents) == expected


def test_records_have_the_hashes_that_the_client_expects() -> None:
    found = run(
        """
        const hashes = [];
        for (const [store, key, value] of given) {
          hashes.push(await script.sha256(script.canonical({ store, key, value })));
        }
        return hashes;
        """,
        RECORDS,
    )

    assert found == [record_sha256(*record) for record in RECORDS]


def test_pages_without_the_browsers_own_hashes_get_the_same_ones() -> None:
    lengths = [0, 1, 55, 56, 63, 64, 65, 119, 120, 1000, 65_537]

    assert (
        run(
            """
        const { createHash } = require("crypto");
        return given.filter((length) => {
          const bytes = Uint8Array.from({ length }, (_, place) => (place * 31 + length) % 256);
          const expected = createHash("sha256").update(bytes).digest("hex");
          return Buffer.from(script.sha256Bytes(bytes)).toString("hex") === expected;
        });
        """,
            lengths,
        )
        == lengths
    )


def test_the_script_stays_small() -> None:
    assert Path(SCRIPT).stat().st_size <= SCRIPT_BYTES_MAX
