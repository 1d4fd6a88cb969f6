"""Training methods: one file each, registered by name. See `registry` and `base`."""
