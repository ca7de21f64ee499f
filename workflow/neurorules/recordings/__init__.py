"""Recorded neurons, from raw files of several formats to one form (recording.py).

catalogue.py says where raw files come from, locate.py which are there, verify.py whether they are the right ones,
download.py fetches them. readers/ has one reader per format, synthetic/ writes stand-ins in the same raw formats, and
convert.py makes a recording from raw files. docs/extending.md shows how to add a recording.
"""
