"""Networks, one file each, and the registry that finds them (docs/models.md)."""
