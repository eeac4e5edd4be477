"""What attributes of telemetry mean, whoever wrote them."""
