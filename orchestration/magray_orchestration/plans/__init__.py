"""Plans after they are made: stored, shown as documents and diffs, applied, taken back and brought back."""
