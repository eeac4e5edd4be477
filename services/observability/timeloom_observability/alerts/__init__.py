"""Rules over metrics of events, the alerts that they raise, and who is told of them."""
