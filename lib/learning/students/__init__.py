"""Students as learners: who may see them, and their profiles."""
