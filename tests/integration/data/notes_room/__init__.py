"""A room with one table, for the tests of what every room stands on."""
