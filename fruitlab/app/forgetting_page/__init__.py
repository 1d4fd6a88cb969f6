"""Parts of the Forgetting page."""
