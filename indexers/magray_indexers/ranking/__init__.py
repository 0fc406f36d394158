"""Rules that order search results: what each part of a score is and how the parts add up."""
