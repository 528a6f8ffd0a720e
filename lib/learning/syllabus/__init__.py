"""The syllabus: topics and their prerequisites, concepts, and practice questions."""
