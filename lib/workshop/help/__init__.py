"""Requests for help: students ask, and instructors mark the help as given."""
