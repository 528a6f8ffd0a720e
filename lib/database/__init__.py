"""Connections, named queries, statements, rows and the schema of all contexts."""
