"""Golden sets: questions with the facts and documents that a right answer has."""
