"""Tables of the lake: Iceberg and Delta behind one interface. Nothing outside this folder knows which one a table is."""
