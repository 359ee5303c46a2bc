"""Source: which files and distributions a service needs, found without running them."""
