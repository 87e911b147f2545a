"""What Services, routes and policies say, and what pods are told to call: their types, and pure functions over them."""
