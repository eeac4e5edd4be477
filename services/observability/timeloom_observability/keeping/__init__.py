"""How a project keeps its telemetry: how long, and what models cost."""
