#!/usr/bin/env python3
"""The official JavaScript client, by javascript_client.mjs: objects, patches, watches and informers across crashes of the
API server, leases, a CRD's objects, exec and logs.

    javascript_client.py                       our clusters, on etcdlite and on etcd; as root also one with a node
    javascript_client.py --kubeconfig CONF     a cluster that runs already (nothing is crashed)
"""
import argparse
import os
import re
import shutil
import subprocess
import sys

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(here, "..", "support"))
import skiff


def run(folder, where, cluster, *can):
    if "node" not in can and skiff.serves_crds(skiff.Kubectl(os.path.join(skiff.BIN, "kubectl"), cluster.conf)):
        can += ("custom",)
    script = os.path.join(folder, "javascript_client.mjs")  # beside node_modules, where imports are looked for
    shutil.copy(os.path.join(here, "javascript_client.mjs"), script)
    process = subprocess.Popen(["node", script, where, *can], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                               env={**os.environ, "KUBECONFIG": cluster.conf})
    told = 0
    for line in process.stdout:
        if line.startswith("#! crash"):
            skiff.crash_apiserver(cluster)
            process.stdin.write("done\n")
            process.stdin.flush()
            continue
        told += bool(re.match(r"(not )?ok ", line))
        skiff.failed += line.startswith("not ok ")
        print(line if re.match(r"(not )?ok |#", line) else "# " + line, end="", flush=True)
    if process.wait(timeout=30) != 0 or told == 0:
        skiff.failed += 1
        print("not ok %s: javascript: the script ran to its end: exit %d after %d tests" % (where, process.returncode, told))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kubeconfig")
    options = parser.parse_args()
    if not shutil.which("node") or not shutil.which("npm"):
        skiff.skip("node and npm are not installed")
    folder = skiff.package("javascript", "the JavaScript client", "npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", "FOLDER",
                           "@kubernetes/client-node@1")  # 2 needs a newer node than Debian has
    if options.kubeconfig:
        run(folder, "the cluster", skiff.Running(options.kubeconfig))
    else:
        skiff.on_both_stores(lambda where, cluster: run(folder, where, cluster, "crash"))
        if os.geteuid() == 0:
            with skiff.Cluster(nodes=1) as cluster:
                run(folder, "with a node", cluster, "node")
        else:
            print("# not root: exec and logs need a node and are left out")
    skiff.finish()


if __name__ == "__main__":
    main()
