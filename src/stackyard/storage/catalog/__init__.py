"""The catalog: runs, step runs, artifact versions and lineage in one SQLite file.

Invariant: a run's rows are written by its driver alone while that lives; followers learn of changes from ``changes``.
"""
