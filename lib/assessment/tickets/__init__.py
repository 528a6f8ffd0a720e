"""Tickets: signed permissions to take a test."""
