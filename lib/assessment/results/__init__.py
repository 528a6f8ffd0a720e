"""Results of a student over all tests, and access to them."""
