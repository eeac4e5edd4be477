"""The vector index in memory: shards that follow PostgreSQL, exact while they are small."""
