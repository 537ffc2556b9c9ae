"""Texts to entities and facts by a language model that speaks OpenAI's chat protocol."""
