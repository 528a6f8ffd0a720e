"""Endpoints that the live pages still call."""
