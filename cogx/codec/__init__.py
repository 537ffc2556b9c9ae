"""Values to bytes and back: canonical JSON, lines, typed values, fingerprints. Opens no file."""
