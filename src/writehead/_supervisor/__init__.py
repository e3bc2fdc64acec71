"""The supervisor: the parent process, which starts workers, watches them, and never imports the application."""
