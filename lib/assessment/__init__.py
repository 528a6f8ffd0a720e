"""Adaptive tests over a vector of concepts: sessions, question pools, what students have shown."""
