"""The verbs: each file turns one record into the next. Nothing here names a kind."""
