"""One module a command; each knows its words and options, and loads its work when called."""
