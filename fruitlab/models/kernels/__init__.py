"""A faster execution of the Table 1 network on CPUs: same weights, same results up to rounding."""
