"""Graph stores, one module or package each; found by cogx.engine.uris, imported when named."""
