"""The child side of the workers. Imports nothing but the standard library and pytest."""
