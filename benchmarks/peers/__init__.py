"""The same network in other tools, written as their documentation teaches (contender.py)."""
