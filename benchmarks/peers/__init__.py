"""The same network in other tools, written as their own documentation teaches. Each file has a `Contender` (contender.py)."""
