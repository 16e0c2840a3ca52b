"""Sources of DataFrames, one module per kind, behind one interface."""
