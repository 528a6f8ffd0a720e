"""The migration of the legacy tables, which are then set aside and can be brought back."""
