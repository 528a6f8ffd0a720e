"""From a handler to a function that every platform runs; importing it loads nothing."""
