"""GreatFin, a small bank: sources that are made up, with the dirt of real ones, and the transforms of its lake."""
