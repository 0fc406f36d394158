"""From the person's words to an ``Intent``: wording, grammar per language, the cursor, and what to suggest instead."""
