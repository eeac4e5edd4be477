"""States of agents as values: canonical JSON, deltas, hashes, and differences for people.

The modules are pure. The client uses them to send only what changed, the snapshots service to store it, and
both agree because they run the same code.
"""
