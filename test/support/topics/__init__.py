"""Sequences about one subject each: NAME.steps(rng, memory, count) yields steps (sequences.py) whose choices follow from the seed and
from what the server showed."""
import importlib
import os


def names():
    return sorted(f[:-3] for f in os.listdir(os.path.dirname(__file__)) if f.endswith(".py") and f[0] != "_")


def steps(name, rng, memory, count):
    yield from importlib.import_module("topics." + name).steps(rng, memory, count)
