"""Lists, analytics, changes and removals, for instructors and operators."""
