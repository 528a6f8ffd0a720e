"""Setting the legacy tables aside after a migration, and bringing them back."""
