"""Data about a student on which decisions depend: syllabus, mastery and past study."""
