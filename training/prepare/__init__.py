"""Data sets → image folders: `DATA/train/<class>/*.png` and `DATA/test/<class>/*.png`."""
