"""What programs measure themselves."""
