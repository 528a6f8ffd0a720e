"""Work on texts that every layer needs: unwrapping, late patterns, removal of secrets."""
