"""A room with one table, for the tests of what every room stands on."""

ROOM = "notes"
PACKAGE = "tests.helpers.notes_room"
