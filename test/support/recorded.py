"""Answers recorded from upstream: written as goldens are, and one promise for each question."""
import json

from ask import Asker
from skiff import eq, test


def save(path, answers):
    with open(path, "w") as f:
        json.dump(answers, f, indent=1, sort_keys=True)
        f.write("\n")


def load(path):
    with open(path) as f:
        return json.load(f)


def asked(conf, part, *more):
    """What `part` was answered; that it could not go on to its end is an answer too."""
    asker = Asker(conf)
    try:
        part(asker, *more)
    except AssertionError as error:
        asker.answers["everything could be asked"] = str(error)
    return asker.answers


def promise(got, golden, area=""):
    for question in sorted({*golden, *got}):
        @test(area + question)
        def _():
            eq(got.get(question), golden.get(question))


def replay(asker, area, parts, golden):
    """Asks every part again."""
    for name, part in parts.items():
        asker.answers = {}
        try:
            part(asker)
        except AssertionError as error:
            asker.answers["everything could be asked"] = str(error)
        promise(asker.answers, golden[name], "%s, %s: " % (area, name))
