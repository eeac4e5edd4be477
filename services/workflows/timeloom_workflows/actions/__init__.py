"""What steps do in the world outside: HTTP, gRPC, memories, language models, webhooks."""
