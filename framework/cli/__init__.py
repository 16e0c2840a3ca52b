"""The command `sluice`: prints, exits, and delegates. Importing it imports neither Spark nor the models."""
