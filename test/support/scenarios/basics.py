"""What kubectl was taught first: get, describe, create, run, apply, delete, scale, label, rollout, explain, config."""

FILES = {
    'pod.yaml': '''apiVersion: v1
kind: Pod
metadata:
  name: two
  labels: {app: two, tier: back}
  annotations: {note: "hello there"}
spec:
  terminationGracePeriodSeconds: 0
  nodeSelector: {disk: ssd}
  initContainers:
  - {name: init, image: "busybox:1", command: [sh, -c, "echo hi\\necho there"]}
  containers:
  - name: a
    image: busybox:1
    command: [sh, -c]
    args: ["sleep 5"]
    ports: [{containerPort: 80}, {containerPort: 443, hostPort: 443, name: tls}]
    env:
    - {name: PLAIN, value: x}
    - {name: MULTI, value: "a\\nb"}
    - {name: POD, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
    - {name: IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
    - {name: CPU, valueFrom: {resourceFieldRef: {resource: limits.cpu}}}
    - {name: SEC, valueFrom: {secretKeyRef: {name: s, key: k, optional: true}}}
    - {name: CFG, valueFrom: {configMapKeyRef: {name: c, key: k}}}
    envFrom:
    - {configMapRef: {name: c}, prefix: P_}
    - {secretRef: {name: s, optional: true}}
    resources: {limits: {cpu: "1", memory: 64Mi}, requests: {cpu: 100m}}
    livenessProbe: {httpGet: {path: /x, port: 80}, initialDelaySeconds: 3}
    readinessProbe: {exec: {command: [cat, /tmp/x]}}
    startupProbe: {tcpSocket: {port: 80}, failureThreshold: 30}
    volumeMounts:
    - {name: v, mountPath: /v}
    - {name: cfg, mountPath: /cfg, readOnly: true, subPath: a}
  - {name: b, image: "busybox:2"}
  volumes:
  - {name: v, emptyDir: {}}
  - {name: mem, emptyDir: {medium: Memory, sizeLimit: 1Mi}}
  - {name: cfg, configMap: {name: c}}
  - {name: sec, secret: {secretName: s, optional: true}}
  - {name: host, hostPath: {path: /tmp, type: Directory}}
  - {name: claim, persistentVolumeClaim: {claimName: data}}
  - {name: down, downwardAPI: {items: [{path: labels, fieldRef: {fieldPath: metadata.labels}}]}}
  - {name: nfs, nfs: {server: s, path: /p}}
  tolerations:
  - {key: a, operator: Equal, value: b, effect: NoSchedule}
  - {operator: Exists, key: z}
  topologySpreadConstraints:
  - {maxSkew: 1, topologyKey: zone, whenUnsatisfiable: ScheduleAnyway, labelSelector: {matchLabels: {app: two}}}
''',
    'web.yaml': '''apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: c, image: "nginx:1", ports: [{containerPort: 80}], env: [{name: A, value: "1"}]}]
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  ports: [{port: 80}]
''',
    'web2.yaml': '''apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {tier: front}}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: c, image: "nginx:2"}, {name: d, image: "redis:1"}]
''',
    'status.json': '''{"status":{"phase":"Running","podIP":"10.1.2.3","podIPs":[{"ip":"10.1.2.3"}],"hostIP":"10.0.0.1",
"startTime":"2026-01-02T03:04:05Z","conditions":[{"type":"Ready","status":"False"}],
"containerStatuses":[
 {"name":"a","ready":true,"restartCount":3,"image":"busybox:1","imageID":"sha256:1","containerID":"containerd://1","state":{"running":{"startedAt":"2026-01-02T03:04:05Z"}},
  "lastState":{"terminated":{"exitCode":137,"signal":9,"reason":"OOMKilled","message":"boom","startedAt":"2026-01-02T03:04:05Z","finishedAt":"2026-01-02T03:04:06Z"}}},
 {"name":"b","ready":false,"restartCount":0,"image":"busybox:2","imageID":"","state":{"waiting":{"reason":"ImagePullBackOff","message":"no"}}}],
"initContainerStatuses":[{"name":"init","ready":true,"restartCount":0,"image":"busybox:1","imageID":"sha256:1","containerID":"containerd://2",
  "state":{"terminated":{"exitCode":0,"reason":"Completed","startedAt":"2026-01-02T03:04:05Z","finishedAt":"2026-01-02T03:04:06Z"}}}]}}''',
    'bad.yaml': 'apiVersion: v1\nkind: Pod\nmetadata: {name: bad}\nspec: {containers: [{name: a, image: b, imagee: c}], foo: 1}\n',
    'broken.yaml': 'apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n   labels: b\n',
    'nokind.yaml': 'apiVersion: v1\nmetadata: {name: a}\n',
    'unknownkind.yaml': 'apiVersion: example.com/v1\nkind: Foo\nmetadata: {name: a}\n',
    'empty.yaml': '# nothing\n',
    'controllers.yaml': '''apiVersion: v1
kind: ReplicationController
metadata: {name: rc}
spec:
  replicas: 2
  selector: {app: rc}
  template:
    metadata: {labels: {app: rc}}
    spec: {containers: [{name: c, image: "nginx:1"}]}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: rs, labels: {app: rs}}
spec:
  replicas: 2
  selector: {matchLabels: {app: rs}}
  template:
    metadata: {labels: {app: rs}}
    spec: {containers: [{name: c, image: "nginx:1", volumeMounts: [{name: v, mountPath: /v}]}], volumes: [{name: v, emptyDir: {}}]}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: ds}
spec:
  selector: {matchLabels: {app: ds}}
  template:
    metadata: {labels: {app: ds}}
    spec: {containers: [{name: c, image: "nginx:1"}], nodeSelector: {no: such}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: sts}
spec:
  serviceName: sts
  selector: {matchLabels: {app: sts}}
  template:
    metadata: {labels: {app: sts}}
    spec: {containers: [{name: c, image: "nginx:1"}]}
---
apiVersion: batch/v1
kind: Job
metadata: {name: job}
spec:
  template:
    spec: {restartPolicy: Never, containers: [{name: c, image: "busybox:1", command: [sleep, "1"]}]}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: cron}
spec:
  schedule: "0 0 1 1 *"
  jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: "busybox:1"}]}}}}
''',
}

WAIT_PODS = 'for i in $(seq 50); do [ "$(kubectl get pods -o name | wc -l)" -ge %d ] && break; sleep 0.1; done; sleep 0.5'

SCENARIOS = {
    'get-basics': [
        ['get', 'pods'], ['get', 'nodes'], ['get', 'foo'], ['get'], ['get', 'pod', 'x'], ['get', 'pod', 'x', 'y'],
        ['get', 'pods/x', 'svc/y'], ['get', 'pods', 'svc/y'], ['get', 'pod,svc'], ['get', 'all'], ['get', 'pv'],
        ['get', 'po', '-A', '--field-selector', 'status.phase=Nope'], ['get', 'po', '--foo'], ['get', 'po', '-x'],
        ['get', 'pod', 'x', '--ignore-not-found'], ['get', 'pod', '-l', 'a=b,c in (d'], ['get', 'pod', '--field-selector', 'foo=bar'],
        ['get', 'svc', 'kubernetes', '-n', 'default'], ['get', 'svc', '-n', 'default', '-o', 'wide'], ['get', 'svc,ns', '-n', 'default'],
        ['get', 'pod', 'a', '-o', 'foo'], ['get', 'ns', 'default', '-o', 'foo'], ['get', 'pods', '-o', 'json'], ['get', 'pods', '-o', 'yaml'],
        ['get', 'pods', '-o', 'name'], ['get', 'pods.v1.', 'x'], ['get', 'deployments.apps'], ['get', 'deployments.v1.apps'],
        ['get', 'Pod'], ['get', 'Deployment.v1.apps'], ['get', 'deployments.foo'], ['get', 'pod/x/y'], ['get', 'pod,svc/x'],
        ['get', 'pods', '-w', '--output-watch-events=false', 'svc/x'], ['get', 'pods,svc', '-w'], ['get', '--raw', '/healthz'],
        ['get', '--raw', '/nope'], ['get', 'pods', 'x', '-A'], ['get', 'pods', 'x', '-l', 'a=b'],
    ],
    'get-output': [
        ('SETUP', ['create', '-f', 'web.yaml']), ('SETUP', ['create', '-f', 'pod.yaml']), ('SETUP', WAIT_PODS % 3),
        ('SETUP', ['patch', 'pod', 'two', '--subresource=status', '--patch-file', 'status.json']),
        ['get', 'pod', 'two'], ['get', 'pod', 'two', '-o', 'wide'], ['get', 'pod', 'two', '--show-labels'], ['get', 'pod', 'two', '-L', 'app,tier'],
        ['get', 'pod', 'two', '--no-headers'], ['get', 'pod', 'two', '--show-kind'], ['get', 'pod', 'two', '-o', 'yaml'], ['get', 'pod', 'two', '-o', 'json'],
        ['get', 'pod', 'two', '-o', 'name'], ['get', 'deploy,svc'], ['get', 'deploy/web', 'svc/web'], ['get', 'deploy', 'web', '-o', 'yaml'],
        ['get', 'deploy', '-o', 'wide', '-A', '--field-selector', 'metadata.namespace=kubectl-equal-none'],
        ['get', 'pods', '-l', 'app=two'], ['get', 'svc', 'web', 'nope'], ['get', '-f', 'web.yaml'], ['get', '-f', 'web.yaml', '-o', 'name'],
        ['get', 'all'], ['get', 'all', '-o', 'name'], ['get', 'svc', '--no-headers', '--sort-by', '.metadata.name'],
        ['get', 'svc', '--sort-by', '.spec.nope'], ['get', 'pods', '--sort-by', '{.metadata.labels.app}', '-o', 'custom-columns=N:.metadata.name,L:.metadata.labels.app'],
        ['get', 'pod', 'two', '-o', 'custom-columns=NAME:.metadata.name,IMAGES:.spec.containers[*].image,X:.nope,LABELS:.metadata.labels'],
        ['get', 'pod', 'two', '-o', 'custom-columns=NAME'], ['get', 'pod', 'two', '--no-headers', '-o', 'custom-columns=A:metadata.name'],
        ['get', 'pod', 'two', '-o', 'jsonpath={.spec.containers[*].name}'], ['get', 'pod', 'two', '-o', 'jsonpath={.spec.containers[0]}'],
        ['get', 'pod', 'two', '-o', 'jsonpath={range .spec.containers[*]}{.name}{"\\t"}{.image}{"\\n"}{end}'],
        ['get', 'pod', 'two', '-o', 'jsonpath={.spec.containers[?(@.name=="b")].image}'],
        ['get', 'pod', 'two', '-o', "jsonpath={.metadata.labels['app','tier']}"], ['get', 'pod', 'two', '-o', 'jsonpath={.nope}'],
        ['get', 'pod', 'two', '-o', 'jsonpath={.nope', ], ['get', 'pod', 'two', '-o', 'jsonpath={.nope}', '--allow-missing-template-keys=false'],
        ['get', 'pod', 'two', '-o', 'jsonpath={.spec.containers[9].name}'], ['get', 'pod', 'two', '-o', 'jsonpath'],
        ['get', 'pod', 'two', '-o', 'jsonpath={.spec.containers[-1:].name}{.spec.containers[0:2].name}'],
        ['get', 'pod', 'two', '-o', 'jsonpath-as-json={.spec.containers[*].name}'],
        ['get', 'pod', 'two', '-o', 'go-template={{.metadata.name}}{{"\\n"}}{{range .spec.containers}}{{.name}} {{end}}{{.nope}}'],
        ['get', 'pod', 'two', '-o', 'go-template', '--template={{range $i, $c := .spec.containers}}{{if $i}}, {{end}}{{$c.name | printf "%q"}}{{end}}'],
        ['get', 'pods', '-o', 'go-template={{len .items}}'], ['get', 'pod', 'two', '--template={{.kind}}'],
        ['get', 'pod', 'two', '--subresource', 'status'], ['get', 'deploy', 'web', '--subresource', 'scale', '-o', 'yaml'],
        ['get', 'pod', 'two', '--server-print=false'], ['get', 'rs', '-o', 'wide'],
        'timeout 2 "$(type -P true)"; kubectl get pod two -w --request-timeout=1s 2>/dev/null | head -5',
    ],
    'describe-pod': [
        ('SETUP', ['create', '-f', 'pod.yaml']), ('SETUP', 'for i in $(seq 100); do kubectl get events --field-selector involvedObject.name=two -o name | grep -q . && break; sleep 0.1; done'), ['describe', 'pod', 'two'],
        ('SETUP', ['patch', 'pod', 'two', '--subresource=status', '--patch-file', 'status.json']),
        ['describe', 'pod', 'two'], ['describe', 'pod', 'tw'], ['describe', 'pod/two', '--show-events=false'], ['describe', 'pod'],
        ['describe', 'pod', 'nope'], ['describe', 'foo'], ['describe'], ['describe', 'pods', '-l', 'a=b'], ['describe', '-f', 'pod.yaml'],
        ['describe', 'svc', 'kubernetes', '-n', 'default'],
    ],
    'create': [
        ['create', '-f', 'pod.yaml'], ['create', '-f', 'pod.yaml'], ['create', '-f', 'bad.yaml'], ['create', '-f', 'bad.yaml', '--validate=warn'],
        ['create', '-f', 'bad.yaml', '--validate=foo'], ['create', '-f', 'broken.yaml'], ['create', '-f', 'nokind.yaml'],
        ['create', '-f', 'unknownkind.yaml'], ['create', '-f', 'empty.yaml'], ['create', '-f', '/nope'], ['create', '-f', 'web.yaml', '-o', 'name'],
        ['create', '-f', 'controllers.yaml', '--dry-run=client'], ['create', '-f', 'controllers.yaml', '--dry-run=server'],
        ['create', '-f', 'pod.yaml', '--dry-run=client', '-o', 'yaml'], ['create', '-f', 'web2.yaml', '--dry-run=client', '-o', 'json'],
        {'run': ['create', '-f', '-'], 'stdin': '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"},"data":{"a":"b"}}'},
        {'run': ['create', '-f', '-'], 'stdin': 'apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Secret, metadata: {name: s}}\n'},
        {'run': ['create', '-f', '-'], 'stdin': '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"X"},"spec":{}}'},
        {'run': ['create', '-f', '-'], 'stdin': '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"x"},"spec":{"containers":"a"}}'},
        {'run': ['create', '-f', '-'], 'stdin': '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"x","namespace":"other"}}'},
        ['create'], ['create', 'foo'], ['create', '-f', 'pod.yaml', 'x'],
    ],
    'generators': [
        ['create', 'deployment', 'd', '--image=a/nginx:1', '-r', '3', '--port', '80', '--dry-run=client', '-o', 'yaml', '--', 'sleep', '5'],
        ['create', 'deployment', 'd', '--image=nginx', '--image=redis', '--dry-run=client', '-o', 'json'], ['create', 'deployment', 'd', '--image=nginx'],
        ['create', 'deployment', 'd', '--image=nginx'], ['create', 'deployment', 'X', '--image=nginx'], ['create', 'deployment'], ['create', 'deployment', '--image=x'],
        ['create', 'service', 'clusterip', 's', '--tcp=80:8080', '--tcp=443', '--dry-run=client', '-o', 'yaml'],
        ['create', 'service', 'nodeport', 's', '--tcp=80', '--node-port=30080', '--dry-run=client', '-o', 'json'], ['create', 'svc', 'clusterip', 'h', '--clusterip=None'],
        ['create', 'svc', 'clusterip', 's'], ['create', 'service', 'externalname', 'e', '--external-name=x.y', '--dry-run=client', '-o', 'yaml'],
        ['create', 'configmap', 'c', '--from-literal=a=b', '--from-file=pod.yaml', '-o', 'name'], ['create', 'cm', 'c2', '--from-literal=a', ],
        ['create', 'configmap', 'e', '--from-file=nope'], ['create', 'cm', 'f', '--from-literal=a=1', '--from-literal=a=2'],
        ['create', 'secret', 'generic', 's', '--from-literal=k=v', '--type=x/y', '--dry-run=client', '-o', 'yaml'],
        ['create', 'secret', 'docker-registry', 'r', '--docker-username=u', '--docker-password=p', '--dry-run=client', '-o', 'yaml'],
        ['create', 'ns', 'x', '--dry-run=client', '-o', 'json'], ['create', 'sa', 'x', '-o', 'yaml'], ['create', 'sa', 'x'],
        ['create', 'job', 'j', '--image=x', '--dry-run=client', '-o', 'yaml', '--', 'a', 'b'], ['create', 'job', 'j'],
        ['create', 'cronjob', 'c', '--image=i', '--schedule=* * * * *', '--dry-run=client', '-o', 'yaml'],
        ['create', 'role', 'r', '--verb=get,list', '--verb=get', '--resource=pods,deployments.apps,pods/log', '--dry-run=client', '-o', 'yaml'],
        ['create', 'role', 'r', '--verb=get', '--resource=foo'], ['create', 'role', 'r', '--verb=get'], ['create', 'role', 'r', '--resource=pods'],
        ['create', 'clusterrole', 'r', '--verb=get', '--non-resource-url=/x', '--dry-run=client', '-o', 'yaml'],
        ['create', 'rolebinding', 'r', '--role=x', '--user=u', '--group=g', '--serviceaccount=ns:sa', '--dry-run=client', '-o', 'yaml'],
        ['create', 'rolebinding', 'r'], ['create', 'clusterrolebinding', 'r', '--clusterrole=x', '--user=u', '--dry-run=client', '-o', 'json'],
        ['create', 'quota', 'q', '--hard=cpu=1,pods=2', '--dry-run=client', '-o', 'yaml'], ['create', 'quota', 'q', '--hard=cpu=1'], ['create', 'quota', 'z', '--hard=cpu'],
        ['create', 'priorityclass', 'p', '--value=5', '--dry-run=client', '-o', 'yaml'], ['create', 'token', 'default'], ['create', 'token', 'nope'],
        ['create', 'token', 'default', '--duration=1s'],
    ],
    'run': [
        ['run', 'x', '--image=nginx', '--dry-run=client', '-o', 'yaml'], ['run', 'x', '--image=nginx', '--port=80', '--env=A=b', '--labels=z=b,c=d', '--restart=Never',
         '--annotations=a=b', '--image-pull-policy=Never', '--dry-run=client', '-o', 'json', '--command', '--', 'sleep', '5'],
        ['run', 'x', '--image=nginx', '--dry-run=server'], ['run', 'x', '--image=nginx', '--dry-run=foo'], ['run', 'x', '--image=nginx', '-o', 'foo', '--dry-run=client'],
        ['run'], ['run', 'x'], ['run', '--image=x'], ['run', 'X', '--image=nginx'], ['run', 'x', '--image='], ['run', 'x', '--image=nginx'], ['run', 'x', '--image=nginx'],
        ['run', 'y', '--image=nginx', '--port=80', '--expose'], ['run', 'z', '--image=n', '--overrides={"spec":{"nodeName":"q"}}', '--dry-run=client', '-o', 'yaml'],
        ['run', 'w', '--image=nginx', '-o', 'name'], ['run', 'w', '--image=nginx', '--restart=Foo'], ['run', 'w', '--image=nginx', '--rm'], ['run', 'w', '--image=n', '-t'],
        ['run', 'w', '--image=nginx', '--dry-run=client', '-i'], ['run', 'w', '--image=nginx', '--env=9'],
    ],
    'apply': [
        ['apply', '-f', 'web.yaml'], ['apply', '-f', 'web.yaml'], ['apply', '-f', 'web2.yaml'], ['get', 'deploy', 'web', '-o', 'jsonpath={.spec}{.metadata.labels}'], ['apply', '-f', 'web.yaml', '--dry-run=server'],
        ['apply', '-f', 'web.yaml', '--dry-run=client'], ['apply', '-f', 'web.yaml', '-o', 'name'], ['apply', '-f', 'web.yaml', '--server-side'],
        ['apply', '-f', 'web2.yaml', '--server-side', '--field-manager=me'], ['apply', '-f', 'web2.yaml', '--server-side', '--field-manager=me', '--force-conflicts'],
        ['apply', '-f', 'bad.yaml'], ['apply', '-f', 'empty.yaml'], ['apply', '-f', 'unknownkind.yaml'], ['apply'], ['apply', '-f', '/nope'], ['apply', '-f', 'broken.yaml'],
        ('SETUP', ['create', '-f', 'pod.yaml']), ['apply', '-f', 'pod.yaml'], ['apply', '-f', 'pod.yaml'],
        "sed 's/busybox:2/busybox:3/' pod.yaml | kubectl apply -f -", "sed 's/name: b,/name: bb,/' pod.yaml | kubectl apply -f -",
        ['apply', '-f', 'controllers.yaml'], ['apply', '-f', 'controllers.yaml'], ['apply', '-f', 'web.yaml', '--force-conflicts'], ['apply', '-f', 'web.yaml', 'x'],
    ],
    'delete': [
        ('SETUP', ['create', '-f', 'web.yaml']), ('SETUP', ['create', '-f', 'pod.yaml']), ('SETUP', ['run', 'x', '--image=x']), ('SETUP', ['run', 'y', '--image=x']),
        ['delete', 'pod', 'nope'], ['delete', 'pod', 'x', '--dry-run=client'], ['delete', 'pod', 'nope', '--dry-run=client'], ['delete', 'pod', 'x', '--dry-run=server', '-o', 'name'],
        ['delete', 'pod', 'x', 'nope'], ['delete', 'pod/y', '--force'], ['delete', '-f', 'pod.yaml'], ['delete', '-f', 'pod.yaml'], ['delete', '-f', 'pod.yaml', '--ignore-not-found'],
        ['delete', '-f', 'web.yaml'], ['delete', 'pods', '--all'], ['delete', 'pods', '-l', 'a=b'], ['delete'], ['delete', 'pod'], ['delete', 'pod', '--all', 'x'],
        ['delete', 'pod', 'x', '-l', 'a=b'], ['delete', 'pod', 'x', '--cascade=foo'], ['delete', 'deploy,rs', 'x'], ['delete', 'pod', 'x', '-o', 'yaml'], ['delete', 'foo', 'x'],
        ['delete', 'pod', '--all', '-l', 'x'], ['delete', 'pod', 'x', '--now', '--grace-period=3'], ['delete', 'pod', 'x', '--force', '--grace-period=3'],
    ],
    'scale': [
        ('SETUP', ['create', '-f', 'web.yaml']),
        ['scale', 'deploy/web', '--replicas=3'], ['scale', 'deploy', 'web', '--replicas=1', '--current-replicas=9'], ['scale', 'deploy', 'web', '--replicas=2', '--current-replicas=3'],
        ['scale', 'deploy/web', 'deploy/nope', '--replicas=2'], ['scale', 'deploy/web', '--replicas=2', '--dry-run=client'], ['scale', 'deploy/web', '--replicas=2', '--dry-run=server', '-o', 'name'],
        ['scale', 'svc/web', '--replicas=1'], ['scale'], ['scale', '--replicas=1'], ['scale', 'deploy', '--replicas=1'], ['scale', 'deploy', '--all', '--replicas=1'],
        ['scale', 'deploy/web', '--replicas=x'], ['scale', 'deploy/web', '--replicas=-1'], ['scale', '-f', 'web2.yaml', '--replicas=4'],
    ],
}

SCENARIOS['modify'] = [
    ('SETUP', ['create', '-f', 'web.yaml']), ('SETUP', ['run', 'p', '--image=x']),
    ['label', 'pod', 'p', 'a=b'], ['label', 'pod', 'p', 'a=b'], ['label', 'pod', 'p', 'a=c'], ['label', 'pod', 'p', 'a=c', '--overwrite'], ['label', 'pod', 'p', 'a-'],
    ['label', 'pod', 'p', 'a-'], ['label', 'pod', 'p', 'x=y', 'z=w', 'run-'], ['label', 'pod', 'p'], ['label'], ['label', 'pod'], ['label', 'pod', 'p', '--list'],
    ['label', 'pod', 'p', 'a=b', 'a-'], ['label', 'pod', 'p', 'a=b c'], ['label', 'pod', 'nope', 'a=b'], ['label', 'pod', 'p', 'k=v', '-o', 'name'],
    ['label', 'pod', 'p', 'k=v2', '--overwrite', '--dry-run=client'], ['label', 'pod', 'p', '--resource-version=1', 't=u'], ['label', 'pod', '--all', 'q=r', '-o', 'name'],
    ['annotate', 'pod', 'p', 'a=b'], ['annotate', 'pod', 'p', 'a=b'], ['annotate', 'pod', 'p', 'a=c'], ['annotate', 'pod', 'p', 'a-'], ['annotate', 'pod', 'p', 'a=b c'],
    ['annotate', 'pod', 'p', '--list'], ['annotate', 'pod', 'p'], ['annotate', 'pod', 'p', 'a-', 'a=b'],
    ['patch', 'pod', 'p', '-p', '{"metadata":{"labels":{"pp":"1"}}}'], ['patch', 'pod', 'p', '-p', '{"metadata":{"labels":{"pp":"1"}}}'],
    ['patch', 'pod', 'p', '--type=json', '-p', '[{"op":"remove","path":"/metadata/labels/pp"}]'], ['patch', 'pod', 'p', '--type=foo', '-p', '{}'], ['patch', 'pod', 'p'],
    ['patch', 'pod', 'p', '-p', 'x'], ['patch', 'pod', 'nope', '-p', '{}'], ['patch', 'deploy', 'web', '-p', '{"spec":{"replicas":3}}', '--dry-run=client', '-o', 'name'],
    ['patch', 'pod', 'p', '-p', '{"spec":{"foo":1}}'], ['patch', 'pod', 'p', '--type=merge', '-p', 'metadata: {labels: {pp: "1"}}', '--dry-run=server'], ['patch'],
    ['patch', 'deploy', 'web', '-p', '{"spec":{"template":{"spec":{"containers":[{"name":"c","image":"q"}]}}}}', '--dry-run=client', '-o', 'jsonpath={.spec.template.spec.containers}'],
    ['replace', '-f', 'web.yaml'], ['replace', '-f', 'pod.yaml'], ['replace'], ['replace', '--force', '-f', 'pod.yaml'], ['replace', '--force', '-f', 'pod.yaml'], ['replace', '-f', 'bad.yaml'],
    ['expose', 'deploy', 'web', '--port=80', '--name=w2'], ['expose', 'deploy', 'web'], ['expose', 'deploy', 'web', '--name', 'w3', '-o', 'name'],
    ['expose', 'pod', 'p', '--port=80', '--target-port=8080', '--type=NodePort', '--dry-run=client', '-o', 'yaml'], ['expose', 'pod', 'p'], ['expose', 'svc', 'web', '--name=w4'],
    ['expose', 'deploy', 'web', '--port=80,443', '--protocol=UDP', '--name=w5', '--dry-run=client', '-o', 'json'], ['expose'], ['expose', 'sa', 'default', '--port=1'],
]
SCENARIOS['nodes'] = [
    ('SETUP', {'run': ['create', '-f', '-'], 'stdin': '{"apiVersion":"v1","kind":"Node","metadata":{"name":"kubectl-equal"}}'}),
    ['taint', 'node', 'kubectl-equal', 'k=v:NoSchedule'], ['taint', 'node', 'kubectl-equal', 'k=v:NoSchedule'], ['taint', 'node', 'kubectl-equal', 'k:NoSchedule-'],
    ['taint', 'node', 'kubectl-equal', 'k-'], ['taint', 'node', 'kubectl-equal', 'k=v'], ['taint', 'node', 'kubectl-equal', 'k=v:Foo'], ['taint', 'node'], ['taint'],
    ['taint', 'pod', 'p', 'k=v:NoSchedule'], ['taint', 'node', 'kubectl-equal', 'k=v2:NoExecute', 'y:NoSchedule'], ['taint', 'node', 'kubectl-equal', 'k=v3:NoExecute', '--overwrite'],
    ['taint', 'node', 'kubectl-equal', 'k-', 'y-'], ['cordon', 'kubectl-equal'], ['cordon', 'kubectl-equal'], ['describe', 'node', 'kubectl-equal', '--show-events=false'], ['uncordon', 'kubectl-equal'],
    ['uncordon', 'kubectl-equal'], ['cordon'], ['cordon', 'nope'], ['cordon', 'kubectl-equal', '--dry-run=client'], ['drain', 'kubectl-equal', '--dry-run=client'],
    ['drain', 'kubectl-equal'], ['drain'], ('SETUP', ['delete', 'node', 'kubectl-equal']),
]

SCENARIOS['rollout'] = [
    ('SETUP', ['create', '-f', 'web.yaml']), ('SETUP', WAIT_PODS % 2), ['rollout', 'history', 'deploy/web'], ['rollout', 'history', 'deploy/web', '--revision=1'],
    ['rollout', 'undo', 'deploy/web'], ['rollout', 'status', 'deploy/web', '--watch=false'], ('SETUP', ['set', 'image', 'deploy/web', 'c=nginx:9']), ('SETUP', 'sleep 1'),
    ['rollout', 'history', 'deploy', 'web'], ['describe', 'deploy', 'web'], ['rollout', 'undo', 'deploy/web', '--dry-run=client'], ['rollout', 'undo', 'deploy/web'], ('SETUP', 'sleep 1'),
    ['rollout', 'undo', 'deploy/web', '--to-revision=99'], ['get', 'deploy', 'web', '-o', 'jsonpath={.spec.template}'], ['rollout', 'pause', 'deploy/web'], ['rollout', 'pause', 'deploy/web'],
    ['rollout', 'restart', 'deploy/web'], ['rollout', 'resume', 'deploy/web'], ['rollout', 'resume', 'deploy/web'], ['rollout', 'restart', 'deploy/web'], ['rollout', 'status', 'svc/web'],
    ['rollout', 'undo', 'svc/web'], ['rollout', 'history', 'svc/web'], ['rollout', 'status'], ['rollout', 'foo'], ['rollout', 'status', 'deploy/nope'],
]
SCENARIOS['set'] = [
    ('SETUP', ['create', '-f', 'web.yaml']), ['set', 'image', 'deploy/web', 'nope=x'], ['set', 'image', 'deploy/web', 'c=nginx:9'], ['set', 'image', 'deploy/web', 'c=nginx:9'],
    ['set', 'image', 'deploy/web', '*=nginx:8', '--dry-run=client'], ['set', 'image', 'deploy/web'], ['set', 'image'], ['set', 'env', 'deploy/web', 'X=y'], ['set', 'env', 'deploy/web', '--list'],
    ['set', 'env', 'deploy/web', 'X-'], ['set', 'resources', 'deploy', 'web', '--limits=cpu=1,memory=1Gi', '--requests=cpu=100m'], ['set', 'resources', 'deploy', 'web'],
    ['get', 'deploy', 'web', '-o', 'jsonpath={.spec.template.spec.containers}'],
]
SCENARIOS['discover'] = [
    ['api-resources'], ['api-resources', '-o', 'wide'], ['api-resources', '-o', 'name'], ['api-resources', '--api-group=apps', '--no-headers'],
    ['api-resources', '--namespaced=false', '--verbs=list,get'], ['api-resources', '--sort-by=kind'], ['api-resources', 'x'], ['api-versions'], ['cluster-info'],
    ['auth', 'can-i', 'get', 'pods'], ['auth', 'can-i', 'get', 'pods', '--as=nobody'], ['auth', 'can-i'], ['auth', 'whoami'], ['auth', 'can-i', 'get', '/healthz'],
    ['auth', 'can-i', '*', '*'], ['auth', 'can-i', 'get', 'foo'], ['auth', 'can-i', '--list', '--as=nobody'], ['auth', 'can-i', 'get', 'nodes'], ['get', 'pods', '--as=nobody'],
]
SCENARIOS['explain'] = [
    ['explain', 'pods'], ['explain', 'pods.spec.containers.ports'], ['explain', 'pod.spec.restartPolicy'], ['explain', 'foo'], ['explain', 'pod.foo'], ['explain', 'deploy', '--recursive'],
    ['explain'], ['explain', 'pod.spec.volumes.emptyDir'], ['explain', 'pod.metadata.labels'], ['explain', 'svc.spec'], ['explain', 'cm.data'], ['explain', 'pod.spec.containers.resources', '--recursive'],
    ['explain', 'hpa', '--api-version=autoscaling/v1'], ['explain', 'node.status.conditions'],
]
SCENARIOS['wait'] = [
    ('SETUP', ['create', '-f', 'web.yaml']), ('SETUP', ['run', 'p', '--image=x']), ['wait', 'pod', 'p', '--for=condition=Ready', '--timeout=1s'], ['wait', 'pod', 'p', '--for=delete', '--timeout=1s'],
    ['wait', 'pod', 'nope', '--for=delete', '--timeout=1s'], ['wait', 'pod', 'nope', '--for=condition=Ready', '--timeout=1s'], ['wait', 'deploy', 'web', '--for=jsonpath={.metadata.name}=web'],
    ['wait', 'deploy', 'web', '--for=jsonpath={.metadata.name}=x', '--timeout=1s'], ['wait', 'pod', 'p'], ['wait', 'pod', 'p', '--for=foo'], ['wait'], ['wait', 'deploy/web', '--for', 'condition=Progressing'],
    ['wait', 'deploy/web', '--for=create'], ['wait', 'pod', '-l', 'a=b', '--for=condition=Ready', '--timeout=1s'], ['wait', 'pod', 'p', '--for=condition=Ready', '--timeout=0'],
]
SCENARIOS['edit'] = [
    ('SETUP', ['create', '-f', 'web.yaml']),
    {'run': ['edit', 'deploy', 'web'], 'env': {'KUBE_EDITOR': 'sed -i s/nginx:1/nginx:3/'}}, ['get', 'deploy', 'web', '-o', 'jsonpath={.spec.template.spec.containers[0].image}'],
    {'run': ['edit', 'deploy', 'web'], 'env': {'EDITOR': 'true', 'KUBE_EDITOR': ''}}, {'run': ['edit', 'deploy', 'nope'], 'env': {'KUBE_EDITOR': 'true'}}, ['edit'],
    {'run': ['edit', 'deploy', 'web'], 'env': {'KUBE_EDITOR': 'false'}},
]
SCENARIOS['config'] = ['export KUBECONFIG=$PWD/kc; rm -f kc; cp kubeconfig.yaml kc; ' + line for line in (
    'kubectl config view', 'kubectl config view -o json', 'kubectl config view --minify', 'kubectl config view --raw', 'kubectl config current-context',
    'kubectl config get-contexts', 'kubectl config get-contexts -o name', 'kubectl config get-contexts a nope', 'kubectl config get-clusters', 'kubectl config get-users',
    'kubectl config set-context new --cluster=c1 --user=u1 --namespace=foo; cat $KUBECONFIG', 'kubectl config set-context a --user=x', 'kubectl config set-context --current --namespace=zed; cat $KUBECONFIG',
    'kubectl config use-context b; cat $KUBECONFIG', 'kubectl config use-context nope', 'kubectl config set-cluster c2 --server=https://x:1 --insecure-skip-tls-verify=true; cat $KUBECONFIG',
    'kubectl config set-credentials u2 --token=abc; cat $KUBECONFIG', 'kubectl config delete-cluster c1 | sed s,/.*/,,; cat $KUBECONFIG', 'kubectl config delete-user u1 | sed s,/.*/,,',
    'kubectl config rename-context a z; cat $KUBECONFIG', 'kubectl config set contexts.a.namespace qq; cat $KUBECONFIG', 'kubectl config unset contexts.a.namespace; cat $KUBECONFIG',
    'kubectl config unset current-context; cat $KUBECONFIG', 'kubectl config set-context', 'kubectl config foo', 'kubectl --context=nope get pods', 'kubectl --cluster=nope get pods',
    'kubectl --user=nope get pods', 'kubectl --kubeconfig=/nope get pods', 'export KUBECONFIG=$KUBECONFIG:second.yaml; kubectl config view')]
FILES['kubeconfig.yaml'] = '''apiVersion: v1
kind: Config
current-context: a
clusters:
- {name: c1, cluster: {server: "https://127.0.0.1:1", certificate-authority-data: QUJD}}
contexts:
- {name: a, context: {cluster: c1, user: u1}}
- {name: b, context: {cluster: c1, user: u1, namespace: ns}}
users:
- {name: u1, user: {token: secret, client-key-data: QUJD}}
'''
FILES['second.yaml'] = '''apiVersion: v1
kind: Config
current-context: b
clusters:
- {name: c1, cluster: {server: "https://other:1"}}
- {name: c9, cluster: {server: "https://nine:1"}}
'''
