FROM python:3.11-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /srv/handwritten

COPY requirements.txt ./
RUN pip install --no-cache-dir --requirement requirements.txt

COPY app ./app
COPY static ./static
COPY model.pt ./

RUN useradd --system --no-create-home handwritten
USER handwritten

ENV PORT=8000
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=3s --start-period=30s \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/readyz')"]

# The Procfile's line; exec, so that the platform's signals reach the server.
CMD ["sh", "-c", "exec gunicorn app.main:app --config python:app.gunicorn_config --bind ${HOST:-0.0.0.0}:${PORT:-8000}"]
