"""Decisions: values in, values out. No I/O, no clock, no settings: standard library and floor 1 only."""
