"""`/admin/`: the event, its people and its mail, for an organiser with a browser and no shell.

`doorkeeper`: who may see it. `site`: the addresses and what each shows. `words`: states and moments in words. What a
button does is done by `jobs`.
"""
