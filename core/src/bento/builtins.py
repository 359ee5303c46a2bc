"""What core adds, through the same hooks as any plugin: core is a plugin of itself."""
