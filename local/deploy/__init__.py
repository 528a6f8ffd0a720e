"""Deployment files generated from lib/routes.py, and builds that check them without an account."""
