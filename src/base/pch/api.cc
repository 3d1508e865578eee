// Home of the precompiled header of the API types.
