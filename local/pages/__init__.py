"""The pages of public/ as the platforms serve them, and the API docs page."""
