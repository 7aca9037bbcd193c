"""The classifier kind: a table with a column to predict -> probabilities, judged and explained."""

from twinkeel.kinds.classifier.kind import Classifier, ClassifierOptions

__all__ = ["Classifier", "ClassifierOptions"]
