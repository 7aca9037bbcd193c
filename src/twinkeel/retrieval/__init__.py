"""Retrieval: documents to passages, passages to an index, a question to ranked, cited passages."""
