"""What is committed, as it happens: a WebSocket with many subscriptions, and event streams with one."""
