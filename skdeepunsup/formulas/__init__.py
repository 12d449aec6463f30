"""Formulas of rows and codes that several models share: errors, densities, penalties."""
