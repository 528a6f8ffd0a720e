"""Endpoints that older pages, which are still live, call."""
