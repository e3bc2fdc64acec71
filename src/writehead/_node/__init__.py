"""Node's conventions: spellings, callbacks, encodings, options, what a log line says."""
