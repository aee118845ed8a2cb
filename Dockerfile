FROM python:3.11-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /srv/handwritten

COPY requirements.txt ./
RUN pip install --no-cache-dir --requirement requirements.txt

COPY app ./app
COPY static ./static
COPY model.pt ./
COPY models ./models

# The database, if DATABASE_URL names no other: mount a volume there, or corrections go with the container.
RUN useradd --system --no-create-home handwritten && install --directory --owner handwritten data
ENV DATABASE_URL=sqlite:////srv/handwritten/data/handwritten.db
VOLUME /srv/handwritten/data
USER handwritten

ENV PORT=8000
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=3s --start-period=30s \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/readyz')"]

# What the Procfile runs.
CMD ["python", "-m", "app"]
