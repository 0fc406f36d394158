"""A part of the knowledge graph drawn as SVG, as an HTML document and as text."""
