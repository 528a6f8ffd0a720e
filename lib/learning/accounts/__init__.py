"""Accounts of the study planner: registration, log-in, tokens and passwords."""
