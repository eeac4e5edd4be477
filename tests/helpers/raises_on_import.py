"""Cannot be imported, as a service whose installation is damaged."""

raise ImportError("a library is missing")
