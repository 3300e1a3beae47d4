"""`huntserver serve --workers N`: several nodes on one machine behind one port, each a process of its own."""
