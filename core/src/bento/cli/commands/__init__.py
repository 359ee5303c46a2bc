"""One module for each of bento's own commands, imported when it is called."""
