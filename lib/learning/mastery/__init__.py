"""Mastery: how well a student knows each concept, derived from the answers."""
