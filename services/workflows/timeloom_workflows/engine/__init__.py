"""The engine: it takes what is to run, drives it, and commits what it did."""
