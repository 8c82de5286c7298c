"""Back-tests: which method would have told best, as a course, a page and tables."""
