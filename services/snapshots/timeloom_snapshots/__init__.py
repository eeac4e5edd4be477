"""The snapshots service: executions of agents, recorded step by step, and the way back through them."""
