"""The bins in which a model file stores the confidences of its test sets' predictions, and in which the server counts.

operations/alerts.yml compares the two: that is how drift shows.
"""

from __future__ import annotations

# Bounds between the bins, finer where the confidences of good models are.
CONFIDENCE_BOUNDS = (0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995)
CONFIDENCE_BINS = len(CONFIDENCE_BOUNDS) + 1
