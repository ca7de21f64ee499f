"""What a study file may hold: options with their types, defaults, meanings and sources, and the errors for the rest."""
