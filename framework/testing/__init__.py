"""What users test their own pipelines with.

oracle      what a feed of changes means, by a plain program that shares no code with the mergers
strategies  hypothesis strategies for feeds and for the ways in which they can be delivered
feeds       every order and every split of a few events
crashes     runs that stop at a named boundary
tables      tables compared by key, with differences that a person can read
"""
