"""What the tests of every room stand on: throw-away servers, fresh databases, gRPC servers in the process.

`timeloom_platform.testing.fixtures` holds the pytest fixtures; the rest is usable from any test code.
"""

from timeloom_platform.testing.conditions import eventually
from timeloom_platform.testing.databases import Databases
from timeloom_platform.testing.grpc_server import InProcessServer, in_process_server
from timeloom_platform.testing.servers import private_postgres, scratch_directory, throw_away_nats

__all__ = [
    "Databases",
    "InProcessServer",
    "eventually",
    "in_process_server",
    "private_postgres",
    "scratch_directory",
    "throw_away_nats",
]
