"""The verbs: export, import, verify. Thin: what they move is known below, how they look above."""
