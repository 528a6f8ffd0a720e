"""Progress over time: the last 30 days, and what rose and fell."""
