"""What clients changed while nobody heard them, and who wins where they met."""
