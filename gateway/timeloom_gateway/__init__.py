"""The front of Timeloom: REST, SSE, WebSocket and gRPC, made from the contracts."""
