"""A process that prints what it draws by chance, as JSON, from all sources that our processes use."""

import json
import random
import secrets
import ssl
import sys
import uuid

from nats.nuid import NUID

from timeloom_platform import ids


def main() -> None:
    drawn = {
        "random": random.random(),
        "secrets": secrets.token_hex(),
        "uuid": str(uuid.uuid4()),
        "ssl": ssl.RAND_bytes(16).hex(),
        "nats": bytes(NUID().next()).decode(),
        "request id": ids.request_id(),
        "uuid7": str(ids.uuid7())[-12:],
    }
    json.dump(drawn, sys.stdout)


if __name__ == "__main__":
    main()
