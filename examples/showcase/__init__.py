"""What a team of agents leaves behind in a week, made up: to look at Timeloom with something in it."""
