"""The raw layer: what sources delivered, byte by byte, with where it came from; nothing is read twice at the source.

<root>/raw/<to>/<yyyy>/<mm>/<dd>/<name>     a file, by its own modification date (UTC), never overwritten
<root>/raw/<to>/_manifest/<n>.json          what the n-th landing brought: source, size, time, SHA-256, path
<root>/raw/<to>/_manifest/pending.json      what a landing is about to bring; finished by the next one after a kill
"""

from framework.raw.landing import land, unlanded
from framework.raw.manifest import LandedFile

__all__ = ["LandedFile", "land", "unlanded"]
