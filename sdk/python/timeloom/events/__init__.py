"""The contract of events that Timeloom's services tell one another, as generated code."""
