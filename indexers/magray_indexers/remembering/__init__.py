"""What is remembered beside the code: notes, todos, links, projects, recipes, and conversations."""
