"""Which item comes next, and why: information, exposure limits, balance of content."""
