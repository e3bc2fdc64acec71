"""Long and unkind runs: slow clients, hours of mixed load, stops under load."""
