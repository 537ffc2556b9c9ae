"""Knows the work that outlives a request: kept in the state, done in processes of its own."""
