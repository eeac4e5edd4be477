"""Events found by words and by meaning."""
