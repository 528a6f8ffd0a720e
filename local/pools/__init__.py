"""Commands about a question pool: simulate what it measures, calibrate it."""
