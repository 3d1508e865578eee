// Home of the precompiled header for -O2.
