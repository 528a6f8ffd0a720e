"""Progress over time: the last 30 days, and the concepts that rose and fell."""
