"""The typed graph that a spec becomes, the scopes it came from, and its costs."""
