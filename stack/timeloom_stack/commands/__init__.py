"""What the stack adds to the `timeloom` command: up, down, status, logs, doctor, projects, console."""
