"""The same programs on Node and on writehead, driven by one raw client, their transcripts compared."""
