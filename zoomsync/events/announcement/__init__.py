"""Announcement pages read: a page's bytes -> lines of text -> dates, times, zones -> an event's facts and every doubt.

`fetch` gets the bytes, `page` (with `trimming`, `front`, `markdown` and `markup`) makes lines of them, and `dates`,
`times` and `zones` read one line's words. `schedule` says which of these are sessions and which the deadline; `naming`,
`organizing` and `linking` find title, organiser and link; `facts` puts all of it together, and `draft` writes the event
file. What must hold: a fact is right, or a doubt says that it may not be. So whatever can be read in two ways is a
doubt, and so is a date that nothing was made of. Comparing a page with a file is in `domain.announcement`.
"""
