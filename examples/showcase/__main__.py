"""Fills a running Timeloom with a week of a team's work: `make showcase`.

It goes into the project of the key that TIMELOOM_API_KEY or `.timeloom/credentials.json` names. To keep it
apart, make a project for it: `timeloom projects create showcase`.
"""

from __future__ import annotations

from random import Random

from showcase.filling import fill
from timeloom import Timeloom, configuration

SEED = 7


def main() -> None:
    """Fill it."""
    random = Random(SEED)  # noqa: S311 - the same week each time
    found = configuration.resolve()
    with Timeloom(api_key=found.api_key, grpc_address=found.grpc_address, url=found.http_url) as client:
        fill(client, otlp_endpoint=found.otlp_endpoint, api_key=found.api_key, random=random)
    print(f"There is something to look at now: {found.http_url}")


if __name__ == "__main__":
    main()
