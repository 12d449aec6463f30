"""Shared by the estimators of this family: fitting, parameters, pre-training."""
