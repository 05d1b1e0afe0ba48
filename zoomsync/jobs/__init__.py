"""One act a file: gather, decide, apply. Outsides come in as arguments, by the Protocols of `ports`."""
