"""Who may see and change which memories, and how agents learn from one another."""
