"""What makes workflows begin by themselves, and wakes what waits for events."""
