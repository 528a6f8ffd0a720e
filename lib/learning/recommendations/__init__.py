"""Recommendations: what to study next, and why."""
