"""The service: the page, the API and, in `app.recognition`, the recogniser that both it and the trainer use."""
