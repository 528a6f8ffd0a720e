"""The code behind the functions; only `lib/web/functions.py` imports `api/`, by name."""
