"""Results to hand on: reports of one HTML file, and share cards."""
