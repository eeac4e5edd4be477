"""Agent memory: written verbatim, found by meaning, words and time."""

# First of all, because it sees to what else is loaded with it.
import timeloom_platform as timeloom_platform
