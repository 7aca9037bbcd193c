"""The families of models that an ensemble is made of, each behind `base.Family`."""
