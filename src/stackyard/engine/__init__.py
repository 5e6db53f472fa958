"""Executing recorded pipelines: graph to schedule, cache, workers, one driver a run.

Invariant: user code runs only in drivers (recording) and workers (steps); the driver writes its run's rows alone.
"""
