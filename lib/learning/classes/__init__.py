"""Classes: their members, and marks in exams."""
