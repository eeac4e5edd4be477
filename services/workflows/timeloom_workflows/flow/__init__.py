"""What holds workflows back: limits of concurrency and rate, and what is collected before it begins."""
