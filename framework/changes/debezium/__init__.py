"""What Debezium's messages are made of: types, values, placeholders, sequences. The envelopes put it together."""
