"""From the e-mails of the legacy tables to students."""
