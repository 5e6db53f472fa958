"""Looks into stored values page by page, from open formats only.

Invariant: nothing is unpickled, no class of a user's is imported, and files are mapped rather than read where their
format allows. Values that were stored otherwise are refused with a NotReadableError.
"""
