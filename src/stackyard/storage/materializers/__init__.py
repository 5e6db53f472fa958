"""Materializers: how a Python value becomes files in an open format, and back.

Invariant: choosing one never imports a heavy package; a value whose package is loaded brings it along.
"""
