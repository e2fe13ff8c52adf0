"""What a person reads while tests run, and after."""
