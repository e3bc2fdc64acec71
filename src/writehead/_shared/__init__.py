"""The block of memory that the processes of one server share."""
