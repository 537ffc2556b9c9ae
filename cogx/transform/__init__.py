"""Records on their way: chosen, renamed, given other ids. A source in, a source out; no store."""
