"""The demo: the model event lived through on this machine alone, with the real code; only Zoom and mail are played.

`stage` sets it up, `story` is what happens, `telling` and `live` show it, `proof` counts what arrived, `ending` says
what to look at, `mailbox` and `visiting` are for clicking through it afterwards. The command itself is `cli.demo`.
"""
