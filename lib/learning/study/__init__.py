"""The data about a student that decisions use: syllabus, mastery and past study, read from the
database."""
