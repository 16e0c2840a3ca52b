"""What users test their own pipelines with: the oracle says what a feed of changes means."""
