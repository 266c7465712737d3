"""Every answer that was ever got, and what makes two requests the same."""
