"""The workflows service: durable executions of definitions, and the engine that drives them."""
