"""What every Timeloom service stands on."""

import os
import sys

# gRPC tells standard error, past every logger, when a peer has gone. It looks at this while it is imported.
os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
# Its fork handlers are for children that go on to use gRPC. Ours only ever exec, and the handlers have
# crashed them when another thread was inside gRPC.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "false")

# structlog looks for rich to draw tracebacks with: 0.19 s and 15 MB in each service, for a renderer that
# `log` does not use. Hidden from it here, before anything of a service can import structlog.
_hide_rich = "rich" not in sys.modules
if _hide_rich:
    sys.modules["rich"] = None  # type: ignore[assignment]  # None makes an import fail
import structlog as structlog  # noqa: E402 - imported for the effect

if _hide_rich:
    del sys.modules["rich"]
