"""Access control for operators, cron jobs and users, failure limits, and the audit trail."""
