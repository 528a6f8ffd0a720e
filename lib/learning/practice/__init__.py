"""Practice: answers to questions, graded and stored."""
