"""Networks: one file each, registered by name."""
