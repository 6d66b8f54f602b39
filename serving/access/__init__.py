"""Who may ask, and how often: API keys, tenants, rate limits and the record of what was refused."""
