"""Entities that may be one: proposed in pairs, decided by people, merged; nothing is guessed."""
