"""What compares outputs and text, and what runs the checks elsewhere: other settings, other versions."""
