"""Lists, analytics and removal, for instructors and admins."""
