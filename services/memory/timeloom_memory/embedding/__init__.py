"""How texts become vectors: the models, the batches that they run in, and what is kept of their work."""
