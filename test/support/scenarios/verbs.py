"""The rest of kubectl's verbs, and the less usual ways of the usual ones."""

FILES = {
    'csr.yaml': '''apiVersion: certificates.k8s.io/v1
kind: CertificateSigningRequest
metadata: {name: equal-jane}
spec:
  signerName: example.com/none
  request: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlIWE1IOENBUUF3SFRFTU1Bb0dBMVVFQ2d3RFpHVjJNUTB3Q3dZRFZRUUREQVJxWVc1bE1Ga3dFd1lIS29aSQp6ajBDQVFZSUtvWkl6ajBEQVFjRFFnQUUyVjlGMEk3ZFFOV0ExeWVmV21NWThSMFgyUnBTZlZuOUl6MklxSmUzClA1K0IvSXJuTVpMaDZCQ09UZG92VEw5d3QzM2wxVk53aG45MFgzMHFWRVVOeGFBQU1Bb0dDQ3FHU000OUJBTUMKQTBnQU1FVUNJSG5rKzBIVTVQSzZKOFJxSlFmZ1h6L2R0aWEycXd5U0Rmc0hRcW1ibDFCdEFpRUE4OFk1R1E1Qwp3eHUydHlKV2RCenIrK1pNS2I2Nm94THhiWjlTK3pYbFpLTT0KLS0tLS1FTkQgQ0VSVElGSUNBVEUgUkVRVUVTVC0tLS0tCg==
  usages: [client auth]
---
apiVersion: certificates.k8s.io/v1
kind: CertificateSigningRequest
metadata: {name: equal-joe}
spec:
  signerName: example.com/none
  request: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlIWE1IOENBUUF3SFRFTU1Bb0dBMVVFQ2d3RFpHVjJNUTB3Q3dZRFZRUUREQVJxWVc1bE1Ga3dFd1lIS29aSQp6ajBDQVFZSUtvWkl6ajBEQVFjRFFnQUUyVjlGMEk3ZFFOV0ExeWVmV21NWThSMFgyUnBTZlZuOUl6MklxSmUzClA1K0IvSXJuTVpMaDZCQ09UZG92VEw5d3QzM2wxVk53aG45MFgzMHFWRVVOeGFBQU1Bb0dDQ3FHU000OUJBTUMKQTBnQU1FVUNJSG5rKzBIVTVQSzZKOFJxSlFmZ1h6L2R0aWEycXd5U0Rmc0hRcW1ibDFCdEFpRUE4OFk1R1E1Qwp3eHUydHlKV2RCenIrK1pNS2I2Nm94THhiWjlTK3pYbFpLTT0KLS0tLS1FTkQgQ0VSVElGSUNBVEUgUkVRVUVTVC0tLS0tCg==
  usages: [client auth]
  expirationSeconds: 3600
''',
    'tls.crt': '''-----BEGIN CERTIFICATE-----
MIIBczCCARmgAwIBAgIUNWagrwM4O1McBli3gIWVTEvlha0wCgYIKoZIzj0EAwIw
DjEMMAoGA1UEAwwDd2ViMCAXDTI2MTEyODIyMjI1NFoYDzIxMjYxMTA0MjIyMjU0
WjAOMQwwCgYDVQQDDAN3ZWIwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARcKzCv
2OaIPWwARl8crNpatwqw1RpuGG72ZDeD2IE1B7mNbfD4SvgK/0s0dmthK5aErEiv
5MtZwRgcGN4SLMwio1MwUTAdBgNVHQ4EFgQUw5U6v2tIJ4UszL59JJf7i+bZS98w
HwYDVR0jBBgwFoAUw5U6v2tIJ4UszL59JJf7i+bZS98wDwYDVR0TAQH/BAUwAwEB
/zAKBggqhkjOPQQDAgNIADBFAiBNtEBJik2tX6kEsXMfiwZSyeTN/sHmYp2JIuQy
12BUUwIhAMbPn25n0f5+VAViBT+wfXOQWUQ7DgT+RWwadT5NclZi
-----END CERTIFICATE-----
''',
    'tls.key': '''-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgetf545w8KMRLvw1/
VyfAVUN1rLD1lErU+j79TA5Ef76hRANCAARcKzCv2OaIPWwARl8crNpatwqw1Rpu
GG72ZDeD2IE1B7mNbfD4SvgK/0s0dmthK5aErEiv5MtZwRgcGN4SLMwi
-----END PRIVATE KEY-----
''',
    'app.env': '# comment\nA=b\nB=c d\n\nC=\n',
    'one.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one, labels: {set: pruned}}\ndata: {a: "1"}\n',
    'two.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: two, labels: {set: pruned}}\ndata: {a: "2"}\n',
    'rbac.yaml': '''apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reconciled}
rules: [{apiGroups: [""], resources: [pods], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: reconciled}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reconciled}
subjects: [{kind: User, name: jane, apiGroup: rbac.authorization.k8s.io}]
''',
    'rbac2.yaml': '''apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reconciled}
rules: [{apiGroups: [""], resources: [services], verbs: [get, list]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: reconciled}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reconciled}
subjects: [{kind: User, name: joe, apiGroup: rbac.authorization.k8s.io}]
''',
    'sets.yaml': '''apiVersion: apps/v1
kind: StatefulSet
metadata: {name: st}
spec: {serviceName: st, replicas: 1, selector: {matchLabels: {app: st}}, template: {metadata: {labels: {app: st}}, spec: {containers: [{name: c, image: "nginx:1"}]}}}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: dm}
spec: {selector: {matchLabels: {app: dm}}, template: {metadata: {labels: {app: dm}}, spec: {nodeSelector: {no: such}, containers: [{name: c, image: "nginx:1"}]}}}
''',
    'restricted.yaml': 'apiVersion: v1\nkind: Pod\nmetadata: {name: priv}\nspec: {containers: [{name: c, image: x, securityContext: {privileged: true}}]}\n',
}

_WATCH = 'timeout 20 true; kubectl get cm -l set=watched %s -w --request-timeout=3s > watched.txt 2>/dev/null & sleep 0.7; %s >/dev/null; wait; cat watched.txt'

_WAIT_WEB = 'for i in $(seq 50); do [ -n "$(kubectl get rs -o name)" ] && break; sleep 0.1; done; sleep 0.5'


def _editor(script):
    return {'KUBE_EDITOR': "sed -i '%s'" % script}


SCENARIOS = {
    'create-more': [
        ['create', 'ingress', 'i', '--rule=a.b/x*=svc:80,tls=sec', '--rule=/y=svc:web', '--class=c', '--annotation=k=v', '--default-backend=d:80', '--dry-run=client', '-o', 'yaml'],
        ['create', 'ingress', 'i', '--rule=a.b/x=svc:80'], ['create', 'ingress', 'i'], ['create', 'ing', 'i2', '--rule=bad'],
        ['create', 'pdb', 'p', '--selector=a=b', '--min-available=1', '--dry-run=client', '-o', 'yaml'], ['create', 'poddisruptionbudget', 'p', '--selector=a=b', '--max-unavailable=50%'],
        ['create', 'pdb', 'q', '--selector=a=b'], ['create', 'pdb', 'q', '--min-available=1'], ['create', 'pdb', 'q', '--selector=a=b', '--min-available=1', '--max-unavailable=1'],
        ['create', 'service', 'loadbalancer', 'l', '--tcp=80:8080', '--dry-run=server', '-o', 'name'], ['create', 'service', 'loadbalancer', 'l', '--tcp=80:8080'],
        ['create', 'secret', 'tls', 't', '--cert=tls.crt', '--key=tls.key'], ['create', 'secret', 'tls', 't2', '--cert=tls.key', '--key=tls.crt'], ['create', 'secret', 'tls', 't2'],
        ['create', 'configmap', 'env', '--from-env-file=app.env', '-o', 'yaml'], ['create', 'configmap', 'hashed', '--from-literal=a=b', '--append-hash'],
        ['create', 'secret', 'generic', 'hashed', '--from-literal=a=b', '--append-hash', '-o', 'name'], ['create', 'configmap', 'renamed', '--from-file=key=app.env', '-o', 'jsonpath={.data}'],
        ['create', 'configmap', 'dir', '--from-file=.', '--from-literal=x=y', '--dry-run=client', '-o', 'name'],
        ['create', 'cronjob', 'c', '--image=i', '--schedule=*/5 * * * *', '--restart=Never', '--', 'date'], ['create', 'cronjob', 'c2', '--image=i', '--schedule=nope'],
        ['create', 'job', 'fromcron', '--from=cronjob/c'], ['get', 'job', 'fromcron', '-o', 'jsonpath={.metadata.annotations}{.spec.template.spec.containers}'], ['create', 'job', 'j', '--from=cronjob/nope'],
        ['create', 'job', 'j', '--image=i', '--', 'date'], ['create', 'clusterrole', 'equal-agg', '--aggregation-rule=a=b', '--dry-run=client', '-o', 'yaml'],
        ['create', 'clusterrole', 'equal-cr', '--verb=*', '--resource=deployments.apps/scale,nodes', '--resource-name=x', '--dry-run=server', '-o', 'yaml'],
        ['create', 'role', 'r', '--verb=get', '--resource=pods', '--resource-name=a', '--resource-name=b', '-o', 'yaml'], ['create', 'rolebinding', 'rb', '--clusterrole=view', '--serviceaccount=x'],
        ['create', 'rolebinding', 'rb', '--clusterrole=view', '--group=g', '-o', 'name'], ['create', 'quota', 'q', '--hard=pods=1,services=2', '--scopes=BestEffort,NotTerminating', '-o', 'yaml'],
        ['create', 'priorityclass', 'equal-pc', '--value=5', '--global-default=false', '--description=d', '--preemption-policy=Never', '--dry-run=server', '-o', 'yaml'],
        ['create', 'token', 'default', '--duration=10m', '--audience=a', '-o', 'jsonpath={.spec.audiences}{.spec.expirationSeconds}'], ['create', 'token', 'default', '--bound-object-kind=Node'],
        ['create', 'token', 'default', '--bound-object-kind=Pod', '--bound-object-name=nope'], ['create', 'deployment', 'd', '--image=n', '--save-config', '-o', 'jsonpath={.metadata.annotations}'],
        ['create', '-f', 'one.yaml', '-f', 'two.yaml'], ['create', '-f', 'one.yaml,two.yaml', '--save-config'], ['create', '-f', 'web.yaml', '--field-manager=me', '-o', 'jsonpath={.items[*].metadata.managedFields[*].manager}', '--show-managed-fields'],
        'mkdir -p tree/sub; cp one.yaml tree; cp two.yaml tree/sub; kubectl create -f tree --dry-run=client; kubectl create -R -f tree --dry-run=client',
        'kubectl create --raw /api/v1/namespaces/default/configmaps?dryRun=All -f one.yaml | head -c 300',
        {'run': ['create', '-f', 'one.yaml', '--edit', '--dry-run=client'], 'env': _editor('s/one/edited/')},
        {'run': ['create', '--edit', '-f', 'two.yaml'], 'env': _editor('s/name: two/name: three/')},
    ],
    'server-defaults': [
        ['create', 'deployment', 'd', '--image=n', '--dry-run=server', '-o', 'yaml'], ['create', 'job', 'j', '--image=n', '--dry-run=server', '-o', 'yaml'],
        ['create', 'cronjob', 'c', '--image=i', '--schedule=@daily', '--dry-run=server', '-o', 'yaml'], ['run', 'p', '--image=n:latest', '--port=80', '--dry-run=server', '-o', 'yaml'],
        ['create', 'ingress', 'i', '--rule=a.b/x=svc:80', '--dry-run=server', '-o', 'yaml'], ['create', 'pdb', 'p', '--selector=a=b', '--min-available=1', '--dry-run=server', '-o', 'yaml'],
        ['create', 'role', 'r', '--verb=get', '--resource=pods', '--dry-run=server', '-o', 'yaml'], ['create', 'quota', 'q', '--hard=cpu=1500m,memory=0.5Gi', '--dry-run=server', '-o', 'yaml'],
        ['create', 'ns', 'equal-new', '--dry-run=server', '-o', 'yaml'], ['create', 'secret', 'generic', 's', '--from-literal=a=b', '--dry-run=server', '-o', 'json'],
        ['create', 'service', 'externalname', 'e', '--external-name=x.y', '--dry-run=server', '-o', 'yaml'],
        ['create', '-f', 'pod.yaml', '--dry-run=server', '-o', 'yaml'], ['create', '-f', 'controllers.yaml', '--dry-run=server', '-o', 'yaml'],
    ],
    'apply-more': [
        ['apply', '-f', 'one.yaml', '-f', 'two.yaml'], ['apply', 'view-last-applied', 'cm', 'one'], ['apply', 'view-last-applied', '-f', 'two.yaml', '-o', 'json'], ['apply', 'view-last-applied', 'cm'],
        ['apply', 'view-last-applied', 'cm/nope'], ['apply', 'set-last-applied', '-f', 'one.yaml'], ['apply', 'set-last-applied', '-f', 'one.yaml', '--dry-run=client'],
        {'run': ['apply', 'edit-last-applied', 'cm/one'], 'env': _editor('s/a: "1"/a: "5"/')}, ['apply', 'view-last-applied', 'cm/one'], ['get', 'cm', 'one', '-o', 'jsonpath={.data}'],
        ['apply', '-f', 'one.yaml', '-l', 'set=pruned', '--prune', '--dry-run=server'], ['apply', '-f', 'one.yaml', '-l', 'set=pruned', '--prune', '--prune-allowlist=core/v1/ConfigMap'], ['get', 'cm', '-o', 'name'],
        ['apply', '-f', 'one.yaml', '--prune'], ['apply', '-f', 'one.yaml', '-f', 'web.yaml', '-l', 'set=pruned'], ['apply', '-f', 'web.yaml', '-l', 'app=nope'],
        ['apply', '-f', 'one.yaml', '--server-side', '--field-manager=ci', '-o', 'jsonpath={.metadata.managedFields[*].manager}', '--show-managed-fields'],
        ['apply', '-f', 'one.yaml', '--server-side', '--dry-run=server', '--force-conflicts'], ['apply', '-f', 'one.yaml', '--server-side', '--dry-run=client'],
        "sed 's/\"1\"/\"9\"/' one.yaml | kubectl apply --server-side --field-manager=ci -f -", "sed 's/\"1\"/\"8\"/' one.yaml | kubectl apply --server-side --field-manager=other -f -",
        "sed 's/\"1\"/\"8\"/' one.yaml | kubectl apply --server-side --field-manager=other --force-conflicts -f -", ['get', 'cm', 'one', '-o', 'yaml', '--show-managed-fields'],
        ['apply', '-f', 'one.yaml', '--overwrite=false'], "sed 's/\"1\"/\"7\"/' one.yaml | kubectl diff -f -", "sed 's/\"1\"/\"7\"/' one.yaml | kubectl diff --server-side --force-conflicts -f -",
        ['diff', '-f', 'two.yaml'], ['diff', '-f', 'web.yaml'], ['diff'], ['diff', '-f', '/nope'], ['apply', '-f', 'web.yaml', '--wait', '--timeout=5s'], ['apply', '-f', 'kinds.yaml', '--dry-run=client', '-o', 'name'],
        ['apply', '-f', 'restricted.yaml', '--validate=ignore'], ['apply', '-f', 'bad.yaml', '--validate=ignore'], ['apply', '-f', 'bad.yaml', '--validate=warn', '--dry-run=server'],
    ],
    'patch-more': [
        ('SETUP', ['create', '-f', 'web.yaml']), ('SETUP', ['create', '-f', 'one.yaml']), ('SETUP', _WAIT_WEB),
        ['patch', 'deploy', 'web', '--type=strategic', '-p', '{"spec":{"template":{"spec":{"containers":[{"name":"d","image":"redis"}]}}}}'],
        ['get', 'deploy', 'web', '-o', 'jsonpath={.spec.template.spec.containers[*].name}'], ['patch', 'deploy', 'web', '-p', '{"spec":{"template":{"spec":{"containers":[{"name":"d","$patch":"delete"}]}}}}'],
        ['patch', 'deploy', 'web', '--type=merge', '-p', '{"spec":{"template":{"spec":{"containers":[{"name":"z","image":"q"}]}}}}', '-o', 'jsonpath={.spec.template.spec.containers}'],
        ['patch', 'deploy', 'web', '--type=json', '-p', '[{"op":"replace","path":"/spec/replicas","value":4},{"op":"add","path":"/metadata/annotations","value":{"a~b":"c"}}]'],
        ['patch', 'deploy', 'web', '--type=json', '-p', '[{"op":"test","path":"/spec/replicas","value":9}]'], ['patch', 'deploy', 'web', '--type=json', '-p', '[{"op":"remove","path":"/spec/nope"}]'],
        ['patch', 'deploy', 'web', '--type=json', '-p', '{"a":"b"}'], ['patch', 'deploy', 'web', '-p', '{"spec":{"replicas":"x"}}'], ['patch', 'deploy', 'web', '-p', 'spec: {replicas: 2}'],
        ['patch', 'deploy', 'web', '-p', '{"spec":{"selector":{"matchLabels":{"app":"other"}}}}'], ['patch', 'deploy', 'web', '--subresource=scale', '--type=merge', '-p', '{"spec":{"replicas":1}}'],
        ['get', 'deploy', 'web', '-o', 'jsonpath={.spec.replicas}'], ['patch', 'deploy', 'web', '--subresource=status', '--type=merge', '-p', '{"status":{"nope":1}}'], ['patch', '-f', 'one.yaml', '-p', '{"data":{"b":"2"}}'],
        ['patch', 'cm/one', '-p', '{"data":null}', '-o', 'yaml'], ['patch', '-f', 'one.yaml', '--local', '--type=merge', '-p', '{"data":{"c":"3"}}', '-o', 'yaml'], ['patch', 'cm/one', '--patch-file', 'nope'],
        ['patch', 'cm', 'one', '-p', '{"metadata":{"labels":{"a b":"c"}}}'], ['patch', 'cm', 'one', '--dry-run=server', '-p', '{"data":{"q":"r"}}', '-o', 'jsonpath={.data}'],
    ],
    'set-more': [
        ('SETUP', ['create', '-f', 'web.yaml']), ('SETUP', ['create', 'configmap', 'conf', '--from-literal=KEY=v', '--from-literal=other-key=w']), ('SETUP', ['create', 'secret', 'generic', 'sec', '--from-literal=PASS=v']),
        ('SETUP', ['create', '-f', 'rbac.yaml']), ['set', 'env', 'deploy/web', '--from=configmap/conf'], ['set', 'env', 'deploy/web', '--from=secret/sec', '--prefix=S_', '--keys=PASS'], ['set', 'env', 'deploy/web', '--list'],
        ['set', 'env', 'deploy/web', '--list', '--resolve'], ['set', 'env', 'deploy', '--all', 'X=1', '-c', 'c'], ['set', 'env', 'deploy/web', 'A=2', '--overwrite=false'], ['set', 'env', '-f', 'web2.yaml', '--local', 'Q=1', '-o', 'yaml'],
        ['set', 'env', 'deploy/web'], ['set', 'env', 'deploy/web', 'X-', 'A-', '-o', 'jsonpath={.spec.template.spec.containers[0].env[*].name}'], ['set', 'serviceaccount', 'deploy/web', 'robot'], ['set', 'sa', 'deploy', 'web', 'robot', '--dry-run=client', '-o', 'name'],
        ['set', 'serviceaccount', 'deploy/web'], ['set', 'selector', 'svc/web', 'app=other'], ['set', 'selector', 'svc/web', 'app in (a)'], ['get', 'svc', 'web', '-o', 'jsonpath={.spec.selector}'],
        ['set', 'subject', 'rolebinding/reconciled', '--user=a', '--group=b', '--serviceaccount=ns:sa'], ['set', 'subject', 'rolebinding', 'reconciled'], ['get', 'rolebinding', 'reconciled', '-o', 'jsonpath={.subjects[*].name}'],
        ['set', 'image', 'deploy', '--all', '*=busybox'], ['set', 'image', '-f', 'web.yaml', 'c=x', '--local', '-o', 'yaml'], ['set', 'resources', 'deploy/web', '-c', 'nope', '--limits=cpu=1'], ['set', 'resources', 'deploy/web', '--limits=cpu=0,memory=1', '-o', 'jsonpath={.spec.template.spec.containers[0].resources}', '--dry-run=server'],
        ['set', 'resources', 'deploy/web', '--limits=cpu=x'], ['set'], ['set', 'nope'],
    ],
    'rollout-more': [
        ('SETUP', ['create', '-f', 'sets.yaml']), ('SETUP', 'sleep 1'), ['rollout', 'history', 'sts/st'], ['rollout', 'history', 'ds/dm'], ['rollout', 'status', 'ds/dm', '--timeout=5s'], ['rollout', 'status', 'sts/st', '--timeout=1s'],
        ('SETUP', ['set', 'image', 'sts/st', 'ds/dm', 'c=nginx:2']), ('SETUP', 'sleep 1'), ['rollout', 'history', 'sts/st'], ['rollout', 'history', 'ds/dm', '--revision=2'], ['rollout', 'history', 'sts/st', '--revision=1', '-o', 'jsonpath={.metadata.name}'],
        ['rollout', 'history', 'sts/st', '--revision=9'], ['rollout', 'undo', 'ds/dm'], ['rollout', 'undo', 'sts/st', '--to-revision=1'], ('SETUP', 'sleep 1'), ['rollout', 'history', 'ds/dm'], ['get', 'ds', 'dm', '-o', 'jsonpath={.spec.template}'],
        ['rollout', 'undo', 'ds/dm', '--to-revision=7'], ['rollout', 'restart', 'sts', 'st'], ['rollout', 'restart', 'ds', '-l', 'a=b'], ['rollout', 'pause', 'sts/st'], ['rollout', 'resume', 'ds/dm'], ['rollout', 'restart', 'ds/dm', '--dry-run=client'],
        ['get', 'controllerrevisions'], ['rollout', 'restart'], ['rollout', 'undo', 'pod/x'],
    ],
    'autoscale': [
        ('SETUP', ['create', '-f', 'web.yaml']), ['autoscale', 'deploy', 'web', '--max=5'], ['autoscale', 'deploy', 'web', '--max=5'], ('SETUP', 'for i in $(seq 300); do [ -n "$(kubectl get hpa web -o jsonpath={.status.conditions})" ] && break; sleep 0.1; done'), ['get', 'hpa', 'web', '-o', 'yaml'], ['autoscale', 'deploy/web', '--min=2', '--max=5', '--cpu=70%', '--name=other'],
        ['autoscale', 'deploy', 'web', '--min=3', '--max=2'], ['autoscale', 'deploy', 'web'], ['autoscale'], ['autoscale', 'deploy', 'nope', '--max=2'], ['autoscale', 'svc', 'web', '--max=2'],
        ['autoscale', 'deploy', 'web', '--max=3', '--cpu=500m', '--memory=1Gi', '--name=mem', '--dry-run=client', '-o', 'yaml'], ['autoscale', '-f', 'web2.yaml', '--max=4', '--cpu-percent=80', '--name=file', '-o', 'name'],
        ('SETUP', 'for i in $(seq 300); do [ -n "$(kubectl get hpa other -o jsonpath={.status.conditions})" ] && break; sleep 0.1; done'), ['describe', 'hpa', 'other', '--show-events=false'], ['delete', 'hpa', '--all'],
    ],
    'certificates': [
        ['create', '-f', 'csr.yaml'], ['get', 'csr', 'equal-jane', 'equal-joe'], ['get', 'csr', 'equal-jane', '-o', 'wide'], ['describe', 'csr', 'equal-joe'], ['certificate', 'approve', 'equal-jane'], ['certificate', 'approve', 'equal-jane'], ['certificate', 'deny', 'equal-joe'],
        ['certificate', 'deny', 'equal-jane'], ['certificate', 'approve', '-f', 'csr.yaml'], ['certificate', 'approve', 'equal-joe', '--force'], ['certificate', 'approve', 'nope'], ['certificate', 'approve'], ['certificate'], ['get', 'csr', 'equal-jane', 'equal-joe'],
        ['describe', 'csr', 'equal-jane'], ['certificate', 'approve', 'equal-jane', '-o', 'name'], ['delete', 'csr', 'equal-jane', 'equal-joe'],
    ],
    'auth-more': [
        *['sed "s/{name: reconciled}/{name: reconciled, namespace: $NS}/" %s | kubectl auth reconcile -f - %s' % with_flags for with_flags in (
            ('rbac.yaml', ''), ('rbac.yaml', ''), ('rbac2.yaml', '--dry-run=client'), ('rbac2.yaml', ''), ('rbac2.yaml', '--remove-extra-permissions --remove-extra-subjects'))],
        ['get', 'role,rolebinding', 'reconciled', '-o', 'yaml'], ['auth', 'reconcile', '-f', 'one.yaml'], ['auth', 'reconcile'], ['auth', 'can-i', 'get', 'services', '--as=joe'], ['auth', 'can-i', 'delete', 'services', '--as=joe'], ['auth', 'can-i', 'get', 'svc/x', '--as=joe'],
        ['auth', 'can-i', 'get', 'pods', '--subresource=log', '--as=joe'], ['auth', 'can-i', '--list', '--as=joe'], ['auth', 'can-i', '--list', '--as=joe', '--no-headers'], ['auth', 'can-i', 'list', 'secrets', '-A', '--as=joe'], ['auth', 'can-i', 'get', 'pods', '-q', '--as=nobody'],
        ['auth', 'can-i', 'create', 'deployments.apps'], ['auth', 'can-i', 'use', 'podsecuritypolicies'], ['auth', 'whoami', '-o', 'yaml'], ['auth', 'whoami', '--as=jane', '--as-group=devs', '--as-uid=7'], ['auth', 'whoami', '--as=system:serviceaccount:a:b', '-o', 'json'],
        ['get', 'cm', '--as=jane', '--as-group=devs'], ['auth'], ['get', 'pods', '--token=nope', '--client-certificate=', '--client-key='],
    ],
    'get-more': [
        ('SETUP', ['create', '-f', 'one.yaml', '-f', 'two.yaml']), ('SETUP', ['label', 'cm', 'one', 'set=watched', '--overwrite']), ('SETUP', ['create', '-f', 'pod.yaml']), ('SETUP', ['run', 'p', '--image=x']),
        ['get', 'cm', '-l', 'set', '--show-labels'], ['get', 'cm', '-l', 'set=pruned', '-o', 'name'], ['get', 'cm', '-l', 'set!=pruned,set', '-o', 'name'], ['get', 'cm', '-l', 'set in (pruned, watched)', '-o', 'name'], ['get', 'cm', '-l', '!set', '-o', 'name'],
        ['get', 'cm', '-l', 'set notin (x)', '-o', 'name', '--sort-by=.metadata.name'], ['get', 'cm', '--field-selector', 'metadata.name=one'], ['get', 'cm', '--field-selector', 'metadata.name!=one', '-o', 'name'], ['get', 'pods', '--field-selector', 'status.phase=Pending,spec.restartPolicy=Always', '-o', 'name'],
        ['get', 'pods', '--field-selector', 'spec.nodeName='], ['get', 'cm', '--chunk-size=1', '-o', 'name'], ['get', 'cm,pods', '--chunk-size=1', '-o', 'name'], ['get', 'cm/one', 'pod/p', '-o', 'name'], ['get', 'pods', 'p', '-o', 'yaml', '--show-managed-fields'],
        ['get', 'cm', 'one', '-o', 'json'], ['get', 'cm', 'one', '-o', 'kyaml'], ['get', 'cm', '-o', 'custom-columns-file=nope'], 'printf "NAME DATA\\n.metadata.name .data\\n" > columns; kubectl get cm one -o custom-columns-file=columns', ['get', 'cm', 'one', '-o', 'jsonpath-file=nope'],
        ['get', 'cm', 'one', '-o', 'go-template-file=nope'], ['get', '--raw', '/api/v1/namespaces/default/services/kubernetes', '-o', 'json'], ['get', '--raw', '/apis/apps/v1/nope'], ['get', '--raw', '/livez'], ['get', '--raw', '/readyz?verbose&exclude=etcd'], ['get', 'pods', '-A', '-o', 'name', '-l', 'app=two'],
        ['get', 'cm', '-w', '--output-watch-events', '--request-timeout=1s', '-l', 'none=none'], _WATCH % ('--output-watch-events', 'kubectl label cm one a=b; kubectl label cm one set-; kubectl create cm new; kubectl label cm new set=watched; kubectl delete cm new'),
        _WATCH % ('-o name --watch-only', 'kubectl label cm two set=watched --overwrite; kubectl delete cm two'), 'kubectl get events --field-selector involvedObject.name=p -o custom-columns=R:.reason,M:.message | sort -u', ['get', 'pod', 'p', '-o', 'jsonpath={.status}'], ['get', 'ns', 'kube-system', 'default', 'kube-public'],
        ['get', 'priorityclasses'], ['get', 'clusterroles', 'view', 'edit', 'admin', 'cluster-admin'], ['get', 'clusterrole', 'view', '-o', 'yaml'], ['get', 'flowschemas'], ['get', 'prioritylevelconfigurations'], ['get', 'apiservices'], ['get', 'crd'], ['get', 'sa', 'default', '-o', 'yaml'], ['get', 'cm', 'kube-root-ca.crt'],
        ['get', 'all', '-A', '--ignore-not-found', '-l', 'none=none'], ['get', 'endpoints', 'kubernetes', '-n', 'default', '--no-headers'],
    ],
    'events': [
        ('SETUP', ['run', 'p', '--image=x']), ('SETUP', 'for i in $(seq 60); do kubectl get events -o name 2>/dev/null | grep -q . && break; sleep 0.1; done'), ['events', '--for', 'pod/p'], ['events', '--for', 'pod/nope'], ['events', '--types=Normal'], ['events', '--types=Bad'], ['get', 'events'],
        ['events', '--no-headers'], ['events', '-o', 'name', '--for', 'pod/nope'], ['get', 'events', '-o', 'wide'], ['describe', 'pod', 'p'], ['events', 'x'],
    ],
    'delete-more': [
        ('SETUP', ['create', '-f', 'web.yaml']), ('SETUP', _WAIT_WEB), ['delete', 'deploy', 'web', '--cascade=orphan'], ['get', 'rs', '-o', 'jsonpath={.items[*].metadata.ownerReferences}'], ['get', 'rs', '--no-headers', '-o', 'custom-columns=R:.spec.replicas'], ('SETUP', ['delete', 'rs', '--all']),
        ('SETUP', ['create', '-f', 'sets.yaml']), ['delete', 'sts', 'st', '--cascade=foreground', '--timeout=20s'], ['delete', 'ds/dm', '--cascade=background', '--wait=false', '-o', 'name'], ['delete', 'cm', '--all', '--dry-run=server'], ('SETUP', ['create', '-f', 'one.yaml', '-f', 'two.yaml']),
        ['delete', 'cm', '-l', 'set=pruned'], ['delete', 'cm', 'one', '--ignore-not-found'], ['delete', '--raw', '/api/v1/namespaces/default/configmaps/nope'], ['delete', 'pods,svc', '--all'], ['delete', 'ns', 'default'], ['delete', 'ns', 'equal-nope'], ['delete', 'cm', '--field-selector', 'metadata.name=x'],
        ('SETUP', ['create', 'configmap', 'held']), ('SETUP', ['patch', 'cm', 'held', '-p', '{"metadata":{"finalizers":["example.com/wait"]}}']), ['delete', 'cm', 'held', '--timeout=1s'], ['get', 'cm', 'held', '-o', 'jsonpath={.metadata.finalizers}'], ['patch', 'cm', 'held', '-p', '{"metadata":{"finalizers":null}}'], ['get', 'cm', 'held'],
        {'run': ['delete', 'cm', 'kube-root-ca.crt', '--interactive'], 'stdin': 'n\n'},
    ],
    'edit-more': [
        ('SETUP', ['create', '-f', 'web.yaml']), ('SETUP', ['create', '-f', 'one.yaml']), {'run': ['edit', 'cm', 'one'], 'env': _editor('s/a: "1"/a: "2"/')}, {'run': ['edit', 'cm/one', '-o', 'json'], 'env': _editor('s/"a": "2"/"a": "3"/')}, {'run': ['edit', 'cm', 'one', '--save-config'], 'env': _editor('s/a: "3"/a: "4"/')},
        ['get', 'cm', 'one', '-o', 'yaml'], {'run': ['edit', 'svc', 'web', '--output-patch'], 'env': _editor('s/port: 80/port: 81/')}, {'run': ['edit', 'deploy', 'web', '--subresource=scale'], 'env': _editor('s/replicas: 2$/replicas: 3/')}, {'run': ['edit', '-f', 'one.yaml', '-f', 'web.yaml'], 'env': {'KUBE_EDITOR': 'true'}},
        {'run': ['edit', 'cm'], 'env': {'KUBE_EDITOR': 'true'}}, {'run': ['edit', 'cm', 'one', '-o', 'foo'], 'env': {'KUBE_EDITOR': 'true'}}, {'run': ['edit', 'cm', 'one'], 'env': _editor('/./d')}, {'run': ['edit', 'cm', 'one'], 'env': _editor('s/name: one/name: uno/')},
    ],
    'replace-more': [
        ('SETUP', ['create', '-f', 'one.yaml']), ['replace', '-f', 'one.yaml', '-o', 'name'], "kubectl get cm one -o json | sed 's/\"1\"/\"2\"/' | kubectl replace -f -", "kubectl get cm one -o json | sed 's/\"resourceVersion\": \"[0-9]*\"/\"resourceVersion\": \"1\"/' | kubectl replace -f -",
        ['replace', '--force', '-f', 'one.yaml', '--grace-period=0'], ['replace', '-f', 'one.yaml', '--dry-run=server'], ['replace', '-f', 'one.yaml', '--save-config'], ['replace', '-f', 'two.yaml'], ['replace', '--raw', '/api/v1/namespaces/default/configmaps/nope', '-f', 'one.yaml'],
        ('SETUP', ['create', '-f', 'web.yaml']), "kubectl get deploy web -o json | kubectl replace --subresource=status -f -", ['replace', '-f', 'one.yaml', '--subresource=nope'],
    ],
    'expose-more': [
        ('SETUP', ['create', '-f', 'controllers.yaml']), ['expose', 'rc', 'rc', '--port=80', '--external-ip=1.2.3.4', '--session-affinity=ClientIP'], ['expose', 'rs', 'rs', '--port=80', '--target-port=http', '--cluster-ip=None'], ['expose', '-f', 'web2.yaml', '--port=80', '--name=fromfile', '--type=LoadBalancer', '--load-balancer-ip=1.2.3.4'],
        ['expose', 'deploy', 'nope', '--port=80'], ['expose', 'ds', 'ds', '--port=80'], ['expose', 'rs', 'rs', '--port=80', '--name=labelled', '-l', 'x=y', '--selector=q=r', '-o', 'yaml'], ['get', 'svc', 'rs', '-o', 'jsonpath={.spec.clusterIP}'], ['expose', 'rs', 'rs', '--port=99999', '--name=n'],
        ['expose', 'rs', 'rs', '--port=80', '--name=n', '--overrides={"metadata":{"labels":{"o":"p"}}}', '--dry-run=server', '-o', 'jsonpath={.metadata.labels}'],
    ],
    'nodes-more': [
        ('SETUP', {'run': ['create', '-f', '-'], 'stdin': '{"apiVersion":"v1","kind":"Node","metadata":{"name":"equal-node","labels":{"kubernetes.io/os":"linux"}},"spec":{"unschedulable":false}}'}), ['get', 'node', 'equal-node'], ['get', 'node', 'equal-node', '-o', 'wide'], ['cordon', 'equal-node', '--dry-run=server'],
        ['cordon', '-l', 'kubernetes.io/os=none'], ['cordon', 'equal-node'], ['get', 'node', 'equal-node'], ['uncordon', 'equal-node', '--dry-run=client'], ['uncordon', 'equal-node'], ['drain', 'equal-node', '--dry-run=server', '--ignore-daemonsets', '--delete-emptydir-data', '--force'], ['drain', 'nope'], ['drain', 'equal-node', '--selector=a=b'],
        ['label', 'node', 'equal-node', 'node-role.kubernetes.io/control-plane='], ['get', 'node', 'equal-node', '--no-headers'], ['taint', 'nodes', '-l', 'node-role.kubernetes.io/control-plane', 'a=b:NoSchedule'], ['taint', 'node', 'equal-node', 'a:NoSchedule-', '--dry-run=server'], ['taint', 'node', 'equal-node', 'a-'], ['taint', 'node', 'equal-node', 'q='],
        ('SETUP', {'run': ['create', '-f', '-'], 'stdin': '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"bare"},"spec":{"nodeName":"equal-node","terminationGracePeriodSeconds":0,"containers":[{"name":"c","image":"x"}]}}'}), ['drain', 'equal-node', '--timeout=5s'], ['drain', 'equal-node', '--force', '--timeout=5s', '--disable-eviction', '--dry-run=client'],
        ['logs', 'bare'], ['exec', 'bare', '--', 'true'], ['describe', 'node', 'equal-node', '--show-events=false'], ('SETUP', ['delete', 'pod', 'bare', '--force', '--grace-period=0']), ('SETUP', ['delete', 'node', 'equal-node']),
    ],
    'no-node': [
        ('SETUP', ['run', 'p', '--image=x']), ['logs', 'p'], ['logs', 'nope'], ['logs'], ['logs', 'p', '-c', 'nope'], ['logs', '-l', 'a=b'], ['logs', 'deploy/nope'], ['exec', 'p', '--', 'true'], ['exec', 'nope', '--', 'true'], ['exec', 'p'], ['exec', 'p', '-c', 'nope', '--', 'true'], ['attach', 'p', '--pod-running-timeout=1s'], ['attach', 'nope'], ['attach'],
        ['cp', 'p:/x', '.'], ['cp', 'x'], ['cp', 'a:b', 'c:d'], ['cp', '/nope', 'p:/x'], ['port-forward', 'p', '8080'], ['port-forward', 'nope', '80'], ['port-forward', 'p'], ['port-forward'], ['top', 'pod'], ['top', 'node'], ['top'], ['top', 'pod', 'nope', '-l', 'a=b'],
    ],
    'debug': [
        ('SETUP', ['run', 'p', '--image=x', '--env=A=b']), ['debug', 'p', '--image=busybox:1', '-c', 'dbg', '--target=p', '--', 'sleep', '1'], ['get', 'pod', 'p', '-o', 'jsonpath={.spec.ephemeralContainers}'], ['debug', 'p', '--image=busybox:1', '--copy-to=copy', '--share-processes', '-c', 'dbg', '--profile=general'],
        ['get', 'pod', 'copy', '-o', 'jsonpath={.spec.shareProcessNamespace}{.spec.containers}'], ['debug', 'p', '--copy-to=copy2', '--set-image=*=busybox:2', '-q'], ['get', 'pod', 'copy2', '-o', 'jsonpath={.spec.containers[*].image}'], ['debug', 'p', '--copy-to=copy3', '--container=p', '-q', '--', 'sleep', '5'], ['get', 'pod', 'copy3', '-o', 'jsonpath={.spec.containers[*].command}'],
        ['debug', 'p'], ['debug', 'nope', '--image=busybox'], ['debug'], ['debug', 'p', '--image=x', '--profile=foo'], ['debug', 'p', '--image=x', '--target=p', '--copy-to=c'], ['debug', 'node/nope', '--image=busybox'], ['debug', 'p', '--image=busybox', '--copy-to=copy', '-q'],
    ],
    'kustomize': [
        'mkdir -p k; cp one.yaml web.yaml k; printf "resources: [one.yaml, web.yaml]\nnamePrefix: pre-\ncommonLabels: {team: a}\nimages: [{name: nginx, newTag: \\"9\\"}]\nconfigMapGenerator: [{name: gen, literals: [a=b]}]\n" > k/kustomization.yaml; kubectl kustomize k', ['apply', '-k', 'k'], ['get', '-k', 'k', '-o', 'name'], ['diff', '-k', 'k'], ['delete', '-k', 'k'],
        ['kustomize', 'nope'], ['apply', '-k', 'nope'], ['apply', '-k', 'k', '-f', 'one.yaml'],
    ],
    'proxy': [
        '$KUBECTL proxy --port=0 > proxy.txt 2>&1 & pid=$!; for i in $(seq 50); do grep -q Starting proxy.txt && break; sleep 0.1; done; url=$(sed -n "s/Starting to serve on //p" proxy.txt); curl -s http://$url/api/v1/namespaces/default/services/kubernetes -o /dev/null -w "%{http_code}\\n"; curl -s http://$url/healthz; echo; curl -s -o /dev/null -w "%{http_code}\\n" -H "Host: evil" http://$url/api; curl -s -o /dev/null -w "%{http_code}\\n" -X POST http://$url/api/v1/namespaces/default/pods/x/exec; kill $pid; wait $pid 2>/dev/null; sed "s/:[0-9]*$/:PORT/" proxy.txt',
        '$KUBECTL proxy --port=0 --api-prefix=/k8s > proxy.txt 2>&1 & pid=$!; for i in $(seq 50); do grep -q Starting proxy.txt && break; sleep 0.1; done; url=$(sed -n "s/Starting to serve on //p" proxy.txt); curl -s http://$url/k8s/version | grep -c major; curl -s -o /dev/null -w "%{http_code}\\n" http://$url/version; kill $pid; wait $pid 2>/dev/null',
        ['proxy', '--port=99999999'],
    ],
    'cluster': [
        'kubectl cluster-info dump --output-directory=dump >/dev/null; find dump -type f | sed "s/kubectl-equal-[a-z]*/NS/" | sort', 'kubectl cluster-info dump | python3 -c "import json,sys; d=json.JSONDecoder(); t=sys.stdin.read().strip(); n=[]; i=0\nwhile i<len(t):\n o,i=d.raw_decode(t,i); n.append(o[\\"kind\\"])\n while i<len(t) and t[i].isspace(): i+=1\nprint(n)"',
        ['cluster-info'], ['version', '--client', '-o', 'name'], 'kubectl version -o json | grep -c Version', ['api-versions'], ['api-resources', '--categories=all', '-o', 'name'], ['api-resources', '--api-group=', '-o', 'name', '--sort-by=name'], ['api-resources', '--sort-by=bad'], ['api-resources', '--api-group=rbac.authorization.k8s.io'],
        ['completion', 'nope'], 'kubectl completion bash | head -1 | cut -c1-8', 'kubectl completion zsh | head -1', 'kubectl completion fish | grep -c complete | grep -c .', ['nope'], ['get', 'pods', '--server=https://127.0.0.1:1', '--request-timeout=2s'], 'kubectl __complete get po "" 2>/dev/null | tail -1', ['alpha'], ['options', 'x'],
    ],
    'explain-more': [
        *[['explain', kind, '--recursive'] for kind in ('pod.spec.containers.livenessProbe', 'svc', 'sts.spec', 'job.spec', 'cronjob.spec', 'ing.spec', 'netpol.spec', 'hpa.spec', 'pdb', 'pvc.spec', 'role', 'sc', 'crd.spec.names')],
        ['explain', 'pod', '--output=plaintext'], ['explain', 'pod.spec.nope.x'], ['explain', 'deployments.apps'], ['explain', 'deployments.v1.apps.spec'], ['explain', 'pods', '--api-version=v2'], ['explain', 'pod.spec', '--output=nope'], ['explain', 'events'], ['explain', 'events.events.k8s.io'],
    ],
    'wait-more': [
        ('SETUP', ['create', '-f', 'web.yaml']), ('SETUP', ['create', '-f', 'one.yaml']), ['wait', '--for=jsonpath={.data.a}=1', 'cm/one', '--timeout=2s'], ['wait', '--for=jsonpath={.data.a}', 'cm/one', '--timeout=2s'], ['wait', '--for=jsonpath={.data.z}', 'cm/one', '--timeout=1s'], ['wait', '--for=condition=Available=false', 'deploy/web', '--timeout=5s'],
        ['wait', '--for=create', 'cm/late', '--timeout=1s'], '(sleep 0.5; kubectl create cm late >/dev/null) & kubectl wait --for=create cm/late --timeout=10s; wait', '(sleep 0.5; kubectl delete cm late >/dev/null) & kubectl wait --for=delete cm/late --timeout=10s; wait', ['wait', '--for=delete', 'cm', '-l', 'a=b', '--timeout=1s'],
        ['wait', '--for=jsonpath={.x', 'cm/one'], ['wait', '--for=jsonpath=.data.a=1', 'cm', '--all', '--timeout=1s', '-l', 'set=pruned'], ['wait', '--for=condition=', 'cm/one', '--timeout=1s'], ['wait', 'cm', '--for=create'],
    ],
    'quotas': [
        ('SETUP', ['create', 'quota', 'q', '--hard=configmaps=2,services=1,services.nodeports=0']), ('SETUP', 'for i in $(seq 50); do [ -n "$(kubectl get quota q -o jsonpath={.status.used})" ] && break; sleep 0.1; done'), ['create', 'configmap', 'a'], ['create', 'configmap', 'b'], ['create', 'service', 'nodeport', 'n', '--tcp=80'], ['create', 'service', 'clusterip', 'c', '--tcp=80'],
        ['create', 'service', 'clusterip', 'd', '--tcp=80'], ('SETUP', 'sleep 1'), ['get', 'quota'], ['describe', 'quota', 'q'], ['describe', 'ns', 'kube-public'],
    ],
    'pod-security': [
        ('SETUP', 'kubectl label ns $(kubectl config view --minify -o jsonpath={..namespace} 2>/dev/null) x=y >/dev/null 2>&1; true'), ['create', 'ns', 'equal-restricted'], ['label', 'ns', 'equal-restricted', 'pod-security.kubernetes.io/enforce=restricted', 'pod-security.kubernetes.io/warn=baseline'],
        ['apply', '-n', 'equal-restricted', '-f', 'restricted.yaml'], ['run', 'x', '-n', 'equal-restricted', '--image=x'], ['create', 'deployment', 'd', '-n', 'equal-restricted', '--image=x'], ['label', 'ns', 'equal-restricted', 'pod-security.kubernetes.io/enforce=nope', '--overwrite'], ['delete', 'ns', 'equal-restricted', '--wait=false'], ('SETUP', ['wait', '--for=delete', 'ns/equal-restricted', '--timeout=30s']),
    ],
}
