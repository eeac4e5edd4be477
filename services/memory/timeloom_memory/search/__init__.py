"""Finding memories by meaning, words and time, and putting them together for a prompt."""
