"""Who makes an HTTP request: API keys, the console's sessions and the links that begin them."""
