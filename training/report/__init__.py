"""The report on a training: a folder with a self-contained `report.html`, its figures in `history.json`."""
