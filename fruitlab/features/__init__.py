"""Features of a whole dataset by a pretrained network, computed once and kept on disk."""
