"""What a clip could show: usable time, noise, smallest movement."""
