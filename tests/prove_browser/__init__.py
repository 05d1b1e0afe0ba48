"""Every page and every mail in Chromium: `make prove-browser`."""
