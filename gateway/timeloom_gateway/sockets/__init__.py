"""WebSockets: who may open one, whole messages both ways, how it ends, and calls that stream both ways."""
