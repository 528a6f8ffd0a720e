"""Deployment files made from lib/routes.py, platform builds without an account, their check."""
