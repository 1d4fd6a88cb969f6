"""Run folders: reading, writing, indexing, grouping, queueing. No torch."""
