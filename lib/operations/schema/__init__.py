"""Creation and renewal of the schema for an operator without a shell."""
