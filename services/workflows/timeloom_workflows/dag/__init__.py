"""What comes next in an execution of a definition with steps: decided from its rows alone."""
