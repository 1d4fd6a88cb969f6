"""The command line. All terminal output is written here."""
