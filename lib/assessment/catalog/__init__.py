"""Catalog of pools: lists for pages, changes of single questions, return to an earlier version."""
