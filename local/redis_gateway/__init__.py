"""Redis over REST as Upstash speaks it, before a real Redis, with switches for faults."""
