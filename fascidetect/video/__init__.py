"""Files to frames and pictures to files."""
