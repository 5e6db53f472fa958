"""Standard LSP features: one a file."""
