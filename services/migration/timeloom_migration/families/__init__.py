"""What records are, by their keys, and which secrets they hold."""
