"""Files, pipes and standard input to bytes and lines, whatever packs or encodes them, in constant memory."""
