"""Agent memory: written verbatim, found by meaning, words and time."""
