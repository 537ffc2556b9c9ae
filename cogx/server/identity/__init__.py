"""Knows who calls: passwords, tokens, keys, users, tenants, roles and what they may do."""
