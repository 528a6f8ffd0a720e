"""Question pools: upload, item banks, settings of selection, exposure control."""
