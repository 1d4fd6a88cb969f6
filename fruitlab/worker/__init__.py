"""The process that trains a run and writes its folder."""
