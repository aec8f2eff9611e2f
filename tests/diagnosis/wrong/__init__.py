"""Small programs, each with one mistake. A client takes a host and a port; a server prints its port."""
