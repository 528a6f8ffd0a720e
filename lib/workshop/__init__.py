"""The workshop: progress of students through nine steps, their configuration, its instructor."""
