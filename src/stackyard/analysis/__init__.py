"""Static reading of Python and YAML: what a position names, which steps and pipelines a project defines.

Invariant: nothing is imported or executed, and no bad source raises: half-typed text gives what can be read of it.
Lines count from 1 where people read them (definitions, problems) and from 0 in spans; columns count characters from 0.
"""
