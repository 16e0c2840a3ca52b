"""Dataset rules: each asks a question of the data; the answers of all come from as few passes as possible.

| family | passes |
|---|---|
| aggregates, ratios of row rules, freshness | one for all of them together |
| uniqueness, entropy, distinct values | one for each set of columns |
| row counts and aggregates of a reference | one for each reference |
| referential integrity, dataset match, SQL | one for each rule |
| columns and schemas | none |
"""
