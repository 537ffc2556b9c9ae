"""Checks of cogx against a real cognee; collected by ``make interop`` only."""
