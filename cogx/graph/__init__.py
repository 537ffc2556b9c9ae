"""Between records and graphs: pure mappings. Knows no file and no store."""
