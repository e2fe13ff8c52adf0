"""Worker processes: `template` and `process` are the parent's side, `child` runs inside them."""
