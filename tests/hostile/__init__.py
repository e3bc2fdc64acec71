"""Raw byte streams that a safe server must survive, and the runner that judges what came back."""
