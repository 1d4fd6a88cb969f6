"""A person's corrections, and the versions of networks that have learned them."""
