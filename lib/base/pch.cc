// Carries the precompiled header that the rooms share; it holds no code.
