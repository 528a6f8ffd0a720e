"""Changes of a student's rows: their order, the merge of simultaneous ones, and their log."""
