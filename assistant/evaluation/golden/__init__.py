"""Golden sets: questions with the facts and documents of a right answer."""
