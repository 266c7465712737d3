"""A student judges its teacher."""
