"""One file with everything that a finished study made, to publish or to keep."""
