"""Knows graph schemas: which entity types and relations a graph may hold; no store, no archive."""
