"""Results of a student over all tests, and who may read them."""
