"""`Idempotency-Key`: a repeated request takes effect once, and gets the answer of the first."""
