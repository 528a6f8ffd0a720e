"""Progress over time: the last 30 days, and the topics whose mastery rose or fell."""
