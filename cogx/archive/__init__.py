"""Archives: read, validated, written. Knows containers and the format; knows no store."""
