"""What the estimators of this family share."""
