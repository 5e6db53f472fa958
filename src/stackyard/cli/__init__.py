"""The command line: words in, views out, errors to exit codes. No logic of its own."""
