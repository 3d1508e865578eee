#!/usr/bin/env python3
"""The systemd units are valid and start the binaries that are built, with flags those know."""
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import skiff
from skiff import BIN, TOP, run, test

if not shutil.which("systemd-analyze"):
    skiff.skip("systemd-analyze is not installed")

for unit in sorted(glob.glob(os.path.join(TOP, "deploy/systemd/*.service"))):
    name = os.path.basename(unit)

    @test("systemd-analyze verify accepts " + name)
    def _():
        with tempfile.TemporaryDirectory() as folder:
            for other in glob.glob(os.path.join(TOP, "deploy/systemd/*.service")):
                text = open(other).read().replace("/usr/local/bin", BIN).replace("User=skiff", "User=root")
                open(os.path.join(folder, os.path.basename(other)), "w").write(text)
            done = subprocess.run(["systemd-analyze", "verify", "--man=no", os.path.join(folder, name)], capture_output=True,
                                  text=True, env={**os.environ, "SYSTEMD_UNIT_PATH": folder + ":"})
            ours = [line for line in done.stderr.splitlines() if folder in line or any(
                os.path.basename(u) in line for u in glob.glob(os.path.join(TOP, "deploy/systemd/*.service")))]
            assert done.returncode == 0 and not ours, done.stderr

    @test("every flag of %s is one its daemon knows" % name)
    def _():
        binary = name.removesuffix(".service")
        command = re.search(r"^ExecStart=(.*?[^\\])$", open(unit).read(), re.M | re.S).group(1)
        known = run(os.path.join(BIN, binary), "--help")[1]
        for flag in re.findall(r"(--[a-z-]+)", command):
            assert flag in known, flag + " is not in --help"

skiff.finish()
