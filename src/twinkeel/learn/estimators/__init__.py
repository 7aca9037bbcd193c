"""The engine as scikit-learn estimators: one file per estimator."""
