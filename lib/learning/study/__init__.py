"""A student as decisions see them: syllabus, mastery and past study, read from the database."""
