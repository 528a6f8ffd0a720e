"""A student's own machine: the study planner on SQLite, synchronised in the background."""
