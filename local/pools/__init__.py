"""Commands that simulate tests on a question pool, and calibrate its items."""
