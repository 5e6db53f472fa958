"""Everything that touches disk: home, project, registry, catalog, artifact stores, logs.

Invariant: no user code runs here, and only this layer imports ``sqlite3`` and ``filelock``.
"""
