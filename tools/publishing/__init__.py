"""What makes the things that are read: stored outputs, self-contained notebooks, the PDF."""
