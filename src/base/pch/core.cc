// Home of the shared precompiled header: other targets reuse what is compiled for this file.
