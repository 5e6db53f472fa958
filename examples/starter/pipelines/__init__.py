"""The pipelines of this project: each is a function that says which steps run and what flows between them."""
