"""Knows how memory is asked: which search answers which question, and what an answer says."""
