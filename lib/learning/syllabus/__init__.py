"""The syllabus: topics and what they build on, concepts, and practice questions."""
