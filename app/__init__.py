"""The service: the page, the API and, in `app.recognition`, the core that both it and the trainer use."""
