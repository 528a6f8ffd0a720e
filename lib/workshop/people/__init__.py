"""Changes that an operator makes to students: rename, merge, detach a session."""
