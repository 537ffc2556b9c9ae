"""Knows how cogx is used from a terminal; the only place with output, colour and exit codes."""
