"""The networks of each model and what they show each other, as modules."""
