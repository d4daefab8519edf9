"""Files and data frames to tables, tables to fitted columns. Knows nothing of networks."""
