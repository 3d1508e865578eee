"""Pods whose life on a node is compared with upstream's: NAME: (what settles it, specification of the pod, further objects).

What settles a pod is a list of words, all of which must hold: `phase=P`, `ready` (and `unready` once running), `waiting=REASON` and
`ended=REASON` and `last=REASON` (of any container), `restarts=N` (at least), `event=REASON`. A tuple (name, ...) in `asked` is a
command for stock kubectl, asked once the pod is settled."""

BUSY = "exec sleep 100000"
TRAP = "trap 'exit 0' TERM; while :; do sleep 0.1; done"  # ends at once when it is told to


def box(script=TRAP, name="c", **more):
    return {"name": name, "image": "busybox:1", "command": ["sh", "-c", script], **more}


def pod(*containers, **spec):
    return {"terminationGracePeriodSeconds": 1, "containers": list(containers), **spec}


def once(*containers, **spec):
    return pod(*containers, restartPolicy="Never", **spec)


def mount(path="/v", name="v", **more):
    return [{"name": name, "mountPath": path, **more}]


def volume(name="v", **source):
    return [{"name": name, **source}]


def env(name, **source):
    return [{"name": name, "valueFrom": source}]


def resources(requests=None, limits=None):
    return {"resources": {k: v for k, v in (("requests", requests), ("limits", limits)) if v}}


def secure(**context):
    return {"securityContext": context}


def probe(seconds=1, failures=1, **how):
    return {"periodSeconds": seconds, "failureThreshold": failures, **how}


def sh(script):
    return {"exec": {"command": ["sh", "-c", script]}}


FAILS, HOOK_FAILS = sh("echo no luck; exit 3"), sh("echo out; exit 5")
OVER = ["phase=Succeeded"]
BROKEN = ["phase=Failed"]
READY = ["ready"]

CM = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"good": "1", "not-a-name.x": "2", "k": "v"}}
SECRET = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "words"}, "stringData": {"p": "word"}}

PODS = {
    # Ends.
    "succeeds": (OVER, once(box("exit 0"))),
    "fails": (BROKEN, once(box("exit 7"))),
    "killed-by-signal": (BROKEN, once(box("kill -9 $$"))),
    "out-of-memory": (BROKEN, once(box("exec tail /dev/zero", **resources(limits={"memory": "20Mi"})))),
    "two-containers-one-fails": (BROKEN, once(box("exit 0", "a"), box("exit 1", "b"))),
    "two-containers-one-runs": (["ended=Error", "event=Started"], once(box(name="a"), box("exit 1", "b"))),
    "on-failure-succeeds": (OVER, pod(box("exit 0"), restartPolicy="OnFailure")),
    "on-failure-crash-loop": (["waiting=CrashLoopBackOff", "event=BackOff"], pod(box("exit 2"), restartPolicy="OnFailure")),
    "always-completed-loop": (["waiting=CrashLoopBackOff", "event=BackOff", "last=Completed"], pod(box("exit 0"))),
    "always-failing-loop": (["waiting=CrashLoopBackOff", "event=BackOff", "last=Error"], pod(box("echo tail of the log; exit 1"))),
    "deadline": (BROKEN, once(box(), activeDeadlineSeconds=2)),
    "deadline-with-restarts": (BROKEN, pod(box(), box(name="d"), activeDeadlineSeconds=2)),
    # Messages at the end.
    "message-of-file": (BROKEN, once(box("echo -n why > /dev/termination-log; exit 1"))),
    "message-of-other-file": (BROKEN, once(box("echo why > /tmp/m; exit 1", terminationMessagePath="/tmp/m"))),
    "message-of-log": (BROKEN, once(box("echo one; echo two; exit 1", terminationMessagePolicy="FallbackToLogsOnError"))),
    "no-message-of-log-on-success": (OVER, once(box("echo one", terminationMessagePolicy="FallbackToLogsOnError"))),
    # Init containers and sidecars.
    "init-fails-never": (BROKEN, once(box(), initContainers=[box("exit 3", "i"), box("exit 0", "j")])),
    "init-fails-again": (["waiting=CrashLoopBackOff", "event=BackOff"], pod(box(), initContainers=[box("exit 3", "i")])),
    "init-then-main": (READY, pod(box(), initContainers=[box("exit 0", "i"), box("exit 0", "j")])),
    "init-runs": (["phase=Pending", "event=Started"], pod(box(), initContainers=[box(name="i"), box("exit 0", "j")])),
    "sidecar-ready": (READY, pod(box(), initContainers=[box(name="s", restartPolicy="Always")])),
    "sidecar-ends-with-main": (OVER, once(box("exit 0"), initContainers=[box(name="s", restartPolicy="Always")])),
    "sidecar-fails-main-runs": (["waiting=CrashLoopBackOff", "event=BackOff"],
                                pod(box(), initContainers=[box("sleep 1; exit 1", "s", restartPolicy="Always")])),
    "sidecar-startup-probe": (["phase=Pending", "event=Unhealthy"], pod(box(), initContainers=[
        box(name="s", restartPolicy="Always", startupProbe=probe(failures=100, **FAILS))])),
    # Hooks.
    "post-start-fails": (["waiting=CrashLoopBackOff", "event=FailedPostStartHook"], pod(box(lifecycle={"postStart": HOOK_FAILS}))),
    "post-start-not-found": (["event=FailedPostStartHook"], once(box(lifecycle={"postStart": {"exec": {"command": ["/nosuch"]}}}))),
    "post-start-works": (READY, pod(box(lifecycle={"postStart": sh("exit 0"), "preStop": sh("exit 0")}))),
    # Probes.
    "readiness-exec-fails": (["unready", "event=Unhealthy"], pod(box(readinessProbe=probe(**FAILS)))),
    "readiness-exec-not-found": (["unready", "event=Unhealthy"], pod(box(readinessProbe=probe(exec={"command": ["/nosuch"]})))),
    "readiness-exec-times-out": (["unready", "event=Unhealthy"], pod(box(readinessProbe=probe(**sh("sleep 20"))))),
    "readiness-http-refused": (["unready", "event=Unhealthy"], pod(box(readinessProbe=probe(httpGet={"port": 81, "path": "/x"})))),
    "readiness-http-404": (["unready", "event=Unhealthy"], pod(box("exec httpd -f -p 81", startupProbe=probe(failures=100, tcpSocket={"port": 81}), readinessProbe=probe(httpGet={"port": 81, "path": "/x"})))),
    "readiness-tcp-refused": (["unready", "event=Unhealthy"], pod(box(readinessProbe=probe(tcpSocket={"port": 82})))),
    "readiness-grpc-refused": (["unready", "event=Unhealthy"], pod(box(readinessProbe=probe(grpc={"port": 83})))),
    "readiness-named-port": (["unready", "event=Unhealthy"], pod(box(ports=[{"name": "web", "containerPort": 84}],
                                                                   readinessProbe=probe(tcpSocket={"port": "web"})))),
    "startup-waits": (["unready", "event=Unhealthy"], pod(box(startupProbe=probe(failures=1000, **FAILS), readinessProbe=probe(**sh("exit 0"))))),
    "probes-pass": (READY, pod(box("exec httpd -f -p 81 -h /bin", startupProbe=probe(failures=100, tcpSocket={"port": 81}),
                                   readinessProbe=probe(failures=100, httpGet={"port": 81, "path": "/sh"}), livenessProbe=probe(**sh("exit 0"))))),
    "readiness-gate": (["unready"], pod(box(), readinessGates=[{"conditionType": "example.com/gate"}])),
    # Images and commands.
    "image-never": (["waiting=ErrImageNeverPull", "event=Failed"], pod(box(image="nosuch:1", imagePullPolicy="Never"))),
    "image-name-invalid": (["waiting=InvalidImageName", "event=InspectFailed"], pod(box(image="UPPER//case:1"))),
    "command-not-found": (BROKEN, once({"name": "c", "image": "busybox:1", "command": ["/nosuch"]})),
    "command-not-in-path": (BROKEN, once({"name": "c", "image": "busybox:1", "command": ["nosuch"]})),
    "command-not-found-again": (["waiting=CrashLoopBackOff", "last=StartError"], pod({"name": "c", "image": "busybox:1", "command": ["/nosuch"]})),
    "working-dir-made": (OVER, once(box("pwd", workingDir="/new/dir"))),
    # Environment.
    "env-config-map-missing": (["waiting=CreateContainerConfigError", "event=Failed"],
                               pod(box(env=env("A", configMapKeyRef={"name": "nosuch", "key": "k"})))),
    "env-config-map-key-missing": (["waiting=CreateContainerConfigError", "event=Failed"],
                                   pod(box(env=env("A", configMapKeyRef={"name": "settings", "key": "nosuch"}))), CM),
    "env-secret-missing": (["waiting=CreateContainerConfigError", "event=Failed"],
                           pod(box(env=env("A", secretKeyRef={"name": "nosuch", "key": "k"})))),
    "env-secret-key-missing": (["waiting=CreateContainerConfigError", "event=Failed"],
                               pod(box(env=env("A", secretKeyRef={"name": "words", "key": "nosuch"}))), SECRET),
    "env-optional": (READY, pod(box(env=env("A", configMapKeyRef={"name": "nosuch", "key": "k", "optional": True})))),
    "env-from-missing": (["waiting=CreateContainerConfigError", "event=Failed"], pod(box(envFrom=[{"configMapRef": {"name": "nosuch"}}]))),
    "env-from-secret-missing": (["waiting=CreateContainerConfigError", "event=Failed"], pod(box(envFrom=[{"secretRef": {"name": "nosuch"}}]))),
    "env-from-names": (OVER, once(box("env | grep -E '^P_|^not' | sort", envFrom=[{"prefix": "P_", "configMapRef": {"name": "settings"}}])), CM),
    "env-fields": (OVER, once(box("echo $A $B $C $D $E", env=[
        *env("A", fieldRef={"fieldPath": "metadata.name"}), *env("B", fieldRef={"fieldPath": "metadata.labels['l']"}),
        *env("C", resourceFieldRef={"resource": "limits.memory", "divisor": "1Mi"}), *env("D", resourceFieldRef={"resource": "requests.cpu"}),
        {"name": "E", "value": "$(A)-$(NONE)-$$(A)"}], **resources({"cpu": "10m"}, {"memory": "32Mi"})))),
    # Volumes.
    "config-map-missing": (["waiting=ContainerCreating", "event=FailedMount"], pod(box(volumeMounts=mount()), volumes=volume(configMap={"name": "nosuch"}))),
    "config-map-key-missing": (["waiting=ContainerCreating", "event=FailedMount"],
                               pod(box(volumeMounts=mount()), volumes=volume(configMap={"name": "settings", "items": [{"key": "none", "path": "p"}]})), CM),
    "secret-missing": (["waiting=ContainerCreating", "event=FailedMount"], pod(box(volumeMounts=mount()), volumes=volume(secret={"secretName": "nosuch"}))),
    "secret-key-missing": (["waiting=ContainerCreating", "event=FailedMount"],
                           pod(box(volumeMounts=mount()), volumes=volume(secret={"secretName": "words", "items": [{"key": "none", "path": "p"}]})), SECRET),
    "projected-missing": (["waiting=ContainerCreating", "event=FailedMount"],
                          pod(box(volumeMounts=mount()), volumes=volume(projected={"sources": [{"secret": {"name": "nosuch"}}, {"configMap": {"name": "none"}}]}))),
    "volumes-and-modes": (OVER, once(box("cd /v; for f in p k n; do stat -L -c '%n %a %u %g' $f; cat $f; echo; done", volumeMounts=mount(readOnly=True)),
                                     volumes=volume(projected={"defaultMode": 0o440, "sources": [
                                         {"secret": {"name": "words"}}, {"configMap": {"name": "settings", "items": [{"key": "k", "path": "k", "mode": 0o400}]}},
                                         {"downwardAPI": {"items": [{"path": "n", "fieldRef": {"fieldPath": "metadata.labels"}}]}}]})), CM, SECRET),
    "host-path-not-directory": (["waiting=ContainerCreating", "event=FailedMount"],
                                pod(box(volumeMounts=mount()), volumes=volume(hostPath={"path": "/nosuch", "type": "Directory"}))),
    "host-path-not-file": (["waiting=ContainerCreating", "event=FailedMount"],
                           pod(box(volumeMounts=mount()), volumes=volume(hostPath={"path": "/etc", "type": "File"}))),
    "host-path-not-socket": (["waiting=ContainerCreating", "event=FailedMount"],
                             pod(box(volumeMounts=mount()), volumes=volume(hostPath={"path": "/etc", "type": "Socket"}))),
    "host-path-not-device": (["waiting=ContainerCreating", "event=FailedMount"],
                             pod(box(volumeMounts=mount()), volumes=volume(hostPath={"path": "/etc", "type": "CharDevice"}))),
    "host-path-not-block-device": (["waiting=ContainerCreating", "event=FailedMount"],
                                   pod(box(volumeMounts=mount()), volumes=volume(hostPath={"path": "/nosuch", "type": "BlockDevice"}))),
    "sub-paths": (OVER, once(box("ls /a /b; stat -c %a /a", env=env("N", fieldRef={"fieldPath": "metadata.name"}), volumeMounts=[
        *mount("/a", subPath="x/y"), *mount("/b", subPathExpr="$(N)/z"), *mount("/all")]), volumes=volume(emptyDir={}))),
    "sub-path-of-unknown-variable": (["waiting=CreateContainerConfigError", "event=Failed"],
                                     pod(box(volumeMounts=mount("/b", subPathExpr="$(NONE)/z")), volumes=volume(emptyDir={}))),
    "memory-volume": (OVER, once(box("stat -c %a /v; df -k /v | tail -1 | awk '{print $1, $2}'", volumeMounts=mount()),
                                 volumes=volume(emptyDir={"medium": "Memory", "sizeLimit": "8Mi"}))),
    "empty-dir-over-limit": (BROKEN, pod(box("dd if=/dev/zero of=/v/x bs=1M count=4 2>/dev/null; " + BUSY, volumeMounts=mount()),
                                         volumes=volume(emptyDir={"sizeLimit": "1Mi"}))),
    "container-over-storage-limit": (BROKEN, pod(box("dd if=/dev/zero of=/x bs=1M count=4 2>/dev/null; " + BUSY,
                                                     **resources(limits={"ephemeral-storage": "1Mi"})))),
    "pod-over-storage-limit": (BROKEN, pod(box("dd if=/dev/zero of=/v/x bs=1M count=8 2>/dev/null; " + BUSY, volumeMounts=mount(),
                                               **resources(limits={"ephemeral-storage": "4Mi"})), volumes=volume(emptyDir={}))),
    # Security.
    "non-root-of-root-image": (["waiting=CreateContainerConfigError", "event=Failed"], pod(box(**secure(runAsNonRoot=True)))),
    "non-root-as-root": (["waiting=CreateContainerConfigError", "event=Failed"], pod(box(**secure(runAsNonRoot=True, runAsUser=0)))),
    "as-user": (OVER, once(box("exec 2>&1; id; touch /x; touch /v/x; stat -c '%u %g %a' /v/x /v", volumeMounts=mount(), **secure(runAsNonRoot=True)), volumes=volume(emptyDir={}),
                           securityContext={"runAsUser": 1000, "runAsGroup": 3000, "fsGroup": 2000, "supplementalGroups": [4000]})),
    "read-only-root": (OVER, once(box("exec 2>&1; touch /x; touch /dev/shm/x; echo done", **secure(readOnlyRootFilesystem=True)))),
    "capabilities": (OVER, once(box("grep Cap /proc/self/status | grep -v Amb; grep NoNew /proc/self/status; grep Seccomp: /proc/self/status",
                                    **secure(capabilities={"drop": ["ALL"], "add": ["NET_ADMIN"]}, allowPrivilegeEscalation=False)),
                                securityContext={"seccompProfile": {"type": "RuntimeDefault"}})),
    "seccomp-file-missing": (["event=Failed", "waiting=CreateContainerError"],
                             pod(box(**secure(seccompProfile={"type": "Localhost", "localhostProfile": "nosuch.json"})))),
    "sysctl-safe": (OVER, once(box("cat /proc/sys/net/ipv4/ip_unprivileged_port_start"), securityContext={
        "sysctls": [{"name": "net.ipv4.ip_unprivileged_port_start", "value": "80"}]})),
    "sysctl-forbidden": (BROKEN, pod(box(), securityContext={"sysctls": [{"name": "kernel.msgmax", "value": "65536"}]})),
    "host-namespaces": (OVER, once(box("hostname | wc -l"), hostNetwork=True, hostPID=True, hostIPC=True)),
    "shared-processes": (OVER, once(box("test $$ = 1 && echo own || echo shared"), shareProcessNamespace=True)),
    # Names.
    "host-names": (OVER, once(box("hostname; hostname -f; grep -v ip6- /etc/hosts | sed s/^10[.0-9]*/IP/"), hostname="h", subdomain="sub", hostAliases=[
        {"ip": "1.2.3.4", "hostnames": ["a", "b"]}])),
    "host-name-is-fqdn": (OVER, once(box("hostname"), hostname="h", subdomain="sub", setHostnameAsFQDN=True)),
    "host-name-too-long": (["event=FailedCreatePodSandBox"], once(box(), hostname="h" * 60, subdomain="sub", setHostnameAsFQDN=True)),
    "dns-none": (OVER, once(box("cat /etc/resolv.conf"), dnsPolicy="None", dnsConfig={
        "nameservers": ["1.1.1.1"], "searches": ["a.b"], "options": [{"name": "ndots", "value": "2"}, {"name": "edns0"}]})),
    "dns-of-cluster": (OVER, once(box("grep -E '^(nameserver|options)' /etc/resolv.conf; grep -o 'search [^ ]* svc.cluster.local cluster.local' /etc/resolv.conf"))),
    # Classes and resources.
    "guaranteed": (READY, pod(box(**resources(limits={"cpu": "20m", "memory": "32Mi"})))),
    "burstable": (READY, pod(box(**resources({"cpu": "20m"}, {"memory": "32Mi"})), box(name="d"))),
    # Nowhere to run.
    "node-selector": (["event=FailedScheduling"], pod(box(), nodeSelector={"no": "such"})),
    "node-affinity": (["event=FailedScheduling"], pod(box(), affinity={"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {
        "nodeSelectorTerms": [{"matchExpressions": [{"key": "no", "operator": "Exists"}]}]}}})),
    "too-much-cpu": (["event=FailedScheduling"], pod(box(**resources({"cpu": "1000", "memory": "100000Gi"})))),
    "unknown-resource": (["event=FailedScheduling"], pod(box(**resources(limits={"example.com/thing": "1"})))),
    "pod-affinity": (["event=FailedScheduling"], pod(box(), affinity={"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
        {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"no": "such"}}}]}})),
    "topology-spread": (["event=FailedScheduling"], pod(box(), topologySpreadConstraints=[
        {"maxSkew": 1, "topologyKey": "no/such", "whenUnsatisfiable": "DoNotSchedule", "labelSelector": {"matchLabels": {"a": "b"}}}])),
    "scheduling-gate": (["phase=Pending"], pod(box(), schedulingGates=[{"name": "example.com/wait"}])),
    "claim-missing": (["event=FailedScheduling"], pod(box(volumeMounts=mount()), volumes=volume(persistentVolumeClaim={"claimName": "nosuch"}))),
    "claim-unbound": (["event=FailedScheduling"], pod(box(volumeMounts=mount()), volumes=volume(persistentVolumeClaim={"claimName": "unbound"})),
                      {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "unbound"}, "spec": {
                          "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}),
    "resource-claim-missing": (["phase=Pending"], pod(box(resources={"claims": [{"name": "r"}]}), resourceClaims=[
        {"name": "r", "resourceClaimName": "nosuch"}])),
    "no-such-node": (["phase=Pending"], pod(box(), nodeName="nosuch")),
    "no-such-scheduler": (["phase=Pending"], pod(box(), schedulerName="nosuch")),
    "node-name-and-selector": (BROKEN, pod(box(), nodeName="<node>", nodeSelector={"no": "such"})),
    "node-name-and-too-much": (BROKEN, pod(box(**resources({"cpu": "1000"})), nodeName="<node>")),
}
