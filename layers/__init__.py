"""What the points are, where they come from and what they may hold."""
