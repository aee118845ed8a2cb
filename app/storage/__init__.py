"""What the service remembers: corrections by its users, and published models. SQLAlchemy Core, SQLite or PostgreSQL."""
