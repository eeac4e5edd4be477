"""The observability service: what agents do, as telemetry tells it, kept, counted and found."""
