"""What a visitor is shown beside answers: what the corpus is about, conversations shared by link."""
