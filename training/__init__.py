"""The offline trainer: a tree of labelled images → model.pt. Uses `app.recognition`, never the web application."""
