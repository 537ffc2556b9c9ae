"""Knows what types and relations texts suggest by their form alone; understands no sentence."""
