"""Shapes: parts of tables that clients keep in sync, by ElectricSQL's HTTP protocol."""
