"""What is searched of files that are no plain text: pages of PDFs, what images say, cells of notebooks."""
