"""Fused operations that execute the same networks faster. Results agree to rounding."""
