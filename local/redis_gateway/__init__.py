"""Upstash's REST protocol in front of a real Redis, with faults that can be switched on."""
