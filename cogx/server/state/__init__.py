"""Knows the relational state of a server: who there is, what there is, what is to be done."""
