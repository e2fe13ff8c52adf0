"""From selectors and a catalogue to a plan: pure functions over names and paths."""
