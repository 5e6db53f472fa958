"""The language server of Stackyard: serves every LSP editor, runs no user code."""
