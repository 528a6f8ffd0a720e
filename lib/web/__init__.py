"""The parts that turn a handler into a function for every platform; none is imported here."""
