"""Knows the routes of the server, a module for each surface."""
