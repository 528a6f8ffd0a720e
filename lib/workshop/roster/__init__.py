"""Rosters: students who come from elsewhere, and results that leave again."""
