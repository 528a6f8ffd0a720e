"""The event log: pages add events to a session's log, and operators read it."""
