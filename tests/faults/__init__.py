"""Programs run over a transport that fails at every point, and what must hold whatever happens."""
