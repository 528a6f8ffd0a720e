"""Arms: whether the planner or the student decides, so that results can be compared."""
