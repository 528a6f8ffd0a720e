"""Students: who may see or change their data, and their profiles."""
