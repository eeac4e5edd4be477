"""HTTP: what surrounds every request, the REST endpoint, and the pages."""
