"""Decisions about what to study next; pure: values in, values out."""
