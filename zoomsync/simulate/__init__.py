"""A Zoom account to play with: a local server with Zoom's addresses, and a mail catcher.

A witness: it knows nothing of the rooms it is used to test, and shows Zoom's behaviour as documented and seen.
"""
