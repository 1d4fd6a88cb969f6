"""What the pages share. Nothing in here imports torch."""
