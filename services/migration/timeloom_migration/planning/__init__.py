"""The pure part of planning: what resources become, seen from what is there."""
