"""Commands that kubectl understands, by topic, with the files they read.

`SCENARIOS` maps a name to its commands, `FILES` a file name to its text. A command is a list of words, a shell line (in
which `kubectl` is the binary under test), or a dict with `run`, `stdin` and `env`. ('SETUP', command) prepares: its
answer is not compared. Names of objects outside namespaces begin with `equal-` and are removed again.

Used by integration/kubectl_equal.py (our kubectl against stock kubectl) and conformance/kubectl.py (stock kubectl
against what upstream's server made it say).
"""
from . import basics, further, kinds, kustomizations, verbs

SCENARIOS = {**basics.SCENARIOS, **kinds.SCENARIOS, **verbs.SCENARIOS, **kustomizations.SCENARIOS, **further.SCENARIOS}
FILES = {**basics.FILES, **kinds.FILES, **verbs.FILES, **kustomizations.FILES, **further.FILES}
