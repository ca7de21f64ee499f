"""The schema of study files: options with their types, defaults, meanings and sources, and errors for violations."""
