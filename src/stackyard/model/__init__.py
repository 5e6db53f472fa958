"""Pure values: what everything else speaks about.

Invariant: no I/O, no clock, no randomness, and no import of another layer.
"""
