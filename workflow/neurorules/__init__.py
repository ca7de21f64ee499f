"""neurorules: learning rules, recurrent networks and their similarity to recorded neurons."""

__version__ = "0.1.0"
