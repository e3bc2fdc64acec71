"""What every request pays for: pure functions, in C where it could be built, and each with its twin in Python."""
