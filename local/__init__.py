"""The development server and tools, which no deployment contains."""
