"""Knows the forms in which findings are reported; each module turns verdicts into one text."""
