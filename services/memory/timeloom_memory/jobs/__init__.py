"""Work in the background that outlives the process that began it."""
