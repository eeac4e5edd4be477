"""Run the benches: `python -m tests.bench [NAME…] [--json FILE]`, all of them if none is named.

A bench is a module `bench_<name>.py` with a `main()` that starts what it needs, measures Timeloom
and its peer in one run, prints figures with their ratios, and may return a `report.Report`. Figures of
different runs or machines are not comparable; the ratios are what counts.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from pathlib import Path

from tests.bench.report import Report, console


def main(arguments: list[str]) -> int:
    """Run the named benches in order and return the process's exit code."""
    available = sorted(path.stem.removeprefix("bench_") for path in Path(__file__).parent.glob("bench_*.py"))
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(available)}")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to this file, too")
    options = parser.parse_args(arguments)
    if unknown := sorted(set(options.names) - set(available)):
        parser.error(f"there is no bench {', '.join(unknown)}; there are {', '.join(available)}")
    documents = {}
    for name in options.names or available:
        console().rule(name, align="left")
        report = importlib.import_module(f"tests.bench.bench_{name}").main()
        if isinstance(report, Report):
            documents[name] = report.document()
    if options.json:
        options.json.write_text(json.dumps(documents, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
