"""From pixels to label. Nothing in here knows of HTTP or of training."""
