"""The COGX format in plain values: records, manifest, rules. No file, no socket, no store."""
