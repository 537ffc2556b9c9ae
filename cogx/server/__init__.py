"""Knows the HTTP server: what real cognee clients, and cogx itself, push to and get from."""
