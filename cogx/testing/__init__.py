"""Shipped for those who build on cogx: a graph in memory, and strategies for every record."""
