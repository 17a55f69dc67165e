"""What a run leaves behind: everything in one run directory, every file whole at any moment."""
