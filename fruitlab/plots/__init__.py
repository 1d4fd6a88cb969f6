"""One plot style, and figures made from plain arrays. No torch."""
