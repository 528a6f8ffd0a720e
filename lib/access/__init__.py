"""Access control for operators, cron jobs and sessions, failure limits, and the audit trail."""
