"""The daily clean-up of expired sessions."""
