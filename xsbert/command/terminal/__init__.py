"""How texts look at a terminal: columns, colours, messages."""
