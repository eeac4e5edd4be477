"""OpenTelemetry's requests, decoded and checked: from the wire to events."""
