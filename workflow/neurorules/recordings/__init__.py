"""Recordings of neurons: from raw files of several formats to one form (recording.py).

catalogue.py gives the sources of raw files, locate.py finds the files, verify.py checks them, and download.py fetches
them. readers/ has one reader per format, synthetic/ writes synthetic data in the same raw formats, and convert.py makes
a recording from raw files. docs/extending.md shows how to add a recording.
"""
