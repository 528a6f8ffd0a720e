"""The code behind the functions; it imports nothing from `api/` or `local/`."""
