"""Results to files and words: tables, pictures, overlay, summary."""
