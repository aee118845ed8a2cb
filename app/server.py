"""How production serves (a gunicorn configuration): uvicorn's workers under gunicorn, which replaces those that die."""

worker_class = "uvicorn_worker.UvicornWorker"
# The process needs no write access anywhere: no socket in the home folder, heartbeats in memory.
control_socket_disable = True
