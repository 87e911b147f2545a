"""The domain of Noctuary: what an event, an incident and a note are, whatever process handles them."""
