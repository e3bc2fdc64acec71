"""Node's conventions: spellings, callbacks, encodings, checks of options, log lines."""
