"""What a sweep is made of: its space, its plan, its folder, its record, and the pictures of its result."""
