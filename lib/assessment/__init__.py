"""Adaptive tests over a vector of concepts: sessions, question pools, calibration, results."""
