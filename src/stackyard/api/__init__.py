"""Use cases: plain functions from names to views. The command line and the language server sit on top of them.

Invariant: nothing here prints, and nothing but ``api.driver`` imports user code.
"""
