"""Study plans for a day, a week, or the time until the exam."""
