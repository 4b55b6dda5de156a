"""What both doors share: settings, identity, access, the bus, close codes."""
