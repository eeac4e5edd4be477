"""OpenTelemetry's doors: over gRPC and over HTTP, from a request to what it is answered."""
