"""Projects and the API keys that open them: the installation's tenants."""
