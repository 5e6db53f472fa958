"""Secrets on disk: an index without values, and backends that keep the values: keyring, encrypted file, environment.

Invariant: a value is never written in plain text, not even for a moment.
"""
