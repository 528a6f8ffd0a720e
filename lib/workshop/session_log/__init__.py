"""The event log: pages add events; a session's holder, instructors and operators read them."""
