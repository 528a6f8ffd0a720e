"""Lists, analytics and removal, for those who run a workshop."""
