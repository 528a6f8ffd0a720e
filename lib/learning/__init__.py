"""Learning: what to study next to gain the most marks in the time that is left."""
