"""Mail through Debian's Postfix and Dovecot: `make prove-mail`."""
