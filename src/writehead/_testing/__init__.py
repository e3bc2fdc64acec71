"""What `writehead.testing` is made of."""
