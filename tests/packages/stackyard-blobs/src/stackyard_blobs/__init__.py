"""Flavors for Stackyard: an artifact store of signed blobs, and an experiment tracker that takes notes."""
