"""Forgetting in the browser: a small file from which the last two layers can be trained there."""
