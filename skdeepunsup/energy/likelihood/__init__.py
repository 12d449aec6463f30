"""How likely rows are: log Z, and what does without it."""
