"""The corpus of fixtures/conformance, judged by cogx and by the JSON Schemas."""
