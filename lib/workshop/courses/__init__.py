"""Courses as data: reading and saving them."""
