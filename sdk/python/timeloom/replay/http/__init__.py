"""HTTP calls as effects: how requests and responses are written down, and what is left out of them."""
