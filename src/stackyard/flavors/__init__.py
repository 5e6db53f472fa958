"""Flavors: implementations of component types, their configuration models and descriptors."""
