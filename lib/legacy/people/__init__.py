"""Migration of people: from the e-mails of the legacy tables to students."""
