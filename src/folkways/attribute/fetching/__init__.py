"""Published reference lists, brought to this machine: by URL, and as packages through npm."""
