"""What users import to write steps and pipelines.

Invariant: recording a pipeline touches no disk and starts nothing; running it is handed to a runner set from above.
"""
