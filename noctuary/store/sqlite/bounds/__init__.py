"""What keeps the store from growing: quotas, retention, and what is done with damaged rows."""
