"""What checks the checks: faults made on purpose, one at a time."""
