"""Raw content to entities and facts: passages, derivers, and what binds them to their texts."""
