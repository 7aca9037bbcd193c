"""One file per verb; each is loaded only when its verb runs."""
