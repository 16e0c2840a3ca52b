"""Batches of changes into a large table, by Sluice and by what else one might use."""
