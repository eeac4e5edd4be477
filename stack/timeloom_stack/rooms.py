"""The rooms of the house that run as processes of their own: a later service is one more entry here."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A service: `python -m <module>` serves it, and the gateway finds it at `TIMELOOM_<NAME>_ADDRESS`."""

    name: str
    module: str

    @property
    def address_variable(self) -> str:
        """The environment variable that tells the gateway where the room is."""
        return f"TIMELOOM_{self.name.upper()}_ADDRESS"


ROOMS = (
    Room(name="memory", module="timeloom_memory"),
    Room(name="migration", module="timeloom_migration"),
    Room(name="observability", module="timeloom_observability"),
    Room(name="snapshots", module="timeloom_snapshots"),
    Room(name="workflows", module="timeloom_workflows"),
    Room(name="workspace", module="timeloom_workspace"),
)

# The room that takes OpenTelemetry on ports of its own.
TELEMETRY_ROOM = "observability"
GATEWAY_MODULE = "timeloom_gateway"
