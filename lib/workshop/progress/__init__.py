"""Students' sessions: progress through the steps, and bug reports."""
