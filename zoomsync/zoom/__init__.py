"""The room that speaks to Zoom: its token, its limits, its pages and its refusals.

`client.ZoomClient` is the door. Nothing here knows the database, the settings or what is done with registrants.
"""
