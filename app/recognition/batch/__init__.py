"""Piles of images: names in, a table of answers out. No HTTP and no PyTorch; one machine (processes.py), or many
(cluster.py)."""
