"""Courses as data: read and saved."""
