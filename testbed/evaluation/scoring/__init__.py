"""What answers are worth: figures with their intervals, their history, and the page that publishes them."""
