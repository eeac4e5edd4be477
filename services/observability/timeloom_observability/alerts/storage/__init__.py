"""The SQL of rules, alerts and deliveries."""
