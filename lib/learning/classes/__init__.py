"""Classes: their members, marks in exams, and what a teacher sees of them."""
