"""Projects and the API keys that open them: the installation's tenants."""

from typing import Final

ROOM: Final = "identity"
"""The schema of its tables."""
PACKAGE: Final = "timeloom_platform.identity"
"""Where its migrations lie."""
