"""What pages log about a session, and reading the event log."""
