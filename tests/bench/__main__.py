"""Run the benches: `python -m tests.bench [NAME…]`, all of them if none is named.

A bench is a module `bench_<name>.py` with a `main()` that starts what it needs, measures Timeloom
and its peer in one run, and prints figures with their ratios. Figures of different runs or machines
are not comparable; the ratios are what counts.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path


def main(arguments: list[str]) -> int:
    """Run the named benches in order and return the process's exit code."""
    available = sorted(path.stem.removeprefix("bench_") for path in Path(__file__).parent.glob("bench_*.py"))
    unknown = [name for name in arguments if name not in available]
    if unknown:
        print(f"There is no bench {', '.join(unknown)}; there are {', '.join(available)}", file=sys.stderr)
        return 2
    for name in arguments or available:
        print(f"\n== {name} ".ljust(80, "="), flush=True)
        importlib.import_module(f"tests.bench.bench_{name}").main()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
