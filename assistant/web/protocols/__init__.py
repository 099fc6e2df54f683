"""The assistant in the protocols of others: OpenAI's API, and the Model Context Protocol."""
