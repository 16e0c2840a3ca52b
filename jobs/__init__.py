"""The example lakes: their transforms, their data, the demo, and the entry script of clusters."""
