"""What the words of kubelet, scheduler and controllers say: messages without boilerplate, and the facts in them."""
