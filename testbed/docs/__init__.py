"""The documentation as a program: pages are read, their snippets run, their outputs compared."""
