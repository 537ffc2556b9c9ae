"""Servers: their addresses and keys, what they can do, what is sent to them and what comes back.

httpx is imported by the first request, not before.
"""
