"""Trust: whose code may run here, and why."""
