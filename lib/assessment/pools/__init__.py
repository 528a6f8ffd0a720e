"""Question pools: upload, item banks, selection settings, exposure control."""
