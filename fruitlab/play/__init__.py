"""Play files: pooled features and a head that a browser can train (Forgetting page)."""
