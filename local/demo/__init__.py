"""Demo data for the development server: a workshop, adaptive tests, and the study planner."""
