"""The room that writes messages and speaks SMTP. No database, no outbox, no settings object: plain values in."""
