"""Where houses come from, who judges them, and where the refused ones are kept."""
