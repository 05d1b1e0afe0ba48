"""The long runs that look for a message lost or doubled: `make prove`."""
