"""Pixels to motion: registration, local displacement, the area that is analyzed."""
