"""What the functions are made of; `api/` calls it, it calls nothing of `api/` or `local/`."""
