"""What serves a trained model: one file per sort of answer."""
