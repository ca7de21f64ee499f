"""Pack all results of a finished study into one file, for publication or storage."""
