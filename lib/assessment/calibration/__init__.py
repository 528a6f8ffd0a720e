"""Estimation of item parameters from recorded answers."""
