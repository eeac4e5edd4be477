"""What the apps of a project keep for their users: records, their synchronisation, and shapes of them."""
