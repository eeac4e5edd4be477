"""The migration service: what browser apps kept by themselves, brought over, verified, taken back."""
