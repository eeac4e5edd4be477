"""The whole of Timeloom on one machine: PostgreSQL, NATS, the services and the gateway, supervised."""
