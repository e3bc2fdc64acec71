"""The server programs: one per library, all called as `program WORKLOAD PORT [CERTIFICATE KEY]`."""
