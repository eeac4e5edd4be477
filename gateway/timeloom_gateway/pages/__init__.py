"""The pages of the gateway itself: the documentation, the console's files, and short notices."""
