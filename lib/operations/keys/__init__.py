"""Rotation of the encryption key."""
