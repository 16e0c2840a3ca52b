"""Clusters of real processes on this machine, for tests and to try things by hand."""
