"""Estimating item parameters from recorded answers."""
