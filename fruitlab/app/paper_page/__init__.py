"""Sections of the Paper page."""
