"""Closed-form training: a ridge-regression head on fixed features, for every ratio at once."""
