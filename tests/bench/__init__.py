"""Measurements of Timeloom beside its peers."""

import os

# A bench starts processes while gRPC runs, which it would report each time. Read when gRPC is loaded.
os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
