"""Figures that are measured, not asserted: each module prints a table, and README.md keeps what a real run printed."""
