"""Everything that runs on a developer's machine and nowhere else."""
