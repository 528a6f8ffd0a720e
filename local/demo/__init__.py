"""Demo data for the development server: a question pool, workshop students, and tests."""
