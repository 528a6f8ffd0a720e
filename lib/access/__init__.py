"""Who may call: operators, cron jobs, sessions; failure limits; the audit trail."""
