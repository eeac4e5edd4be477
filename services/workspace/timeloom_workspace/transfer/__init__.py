"""Records taken in many at once, and put back exactly as they were: for migrations."""
