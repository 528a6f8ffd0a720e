"""Views for operators and instructors: sessions, choices of questions, pools, and Redis."""
