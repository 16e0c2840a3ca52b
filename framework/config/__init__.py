"""What a user writes: the lake, its environments and its jobs, as models; loading, layering and checking them."""
