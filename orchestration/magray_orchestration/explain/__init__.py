"""What the workspace's memory knows about a name, as cited facts: the hover and ``magray explain``. Never prose."""
