"""The statements of synchronisation."""
