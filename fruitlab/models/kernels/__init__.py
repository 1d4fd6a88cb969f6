"""Fused operations: the same networks, executed faster. Nothing depends on them but speed."""
