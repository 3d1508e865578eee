"""Kustomizations: what they build, and what is said of those that do not build. Hashes in names are compared as they are."""

FILES = {}

_BASE = r'''mkdir -p base over
cat > base/all.yaml <<'END'
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      serviceAccountName: robot
      containers:
      - name: c
        image: "nginx:1"
        args: [a, b]
        ports: [{containerPort: 80}]
        env: [{name: A, value: "1"}, {name: B, valueFrom: {configMapKeyRef: {name: gen, key: a}}}]
        envFrom: [{secretRef: {name: sec}}]
        volumeMounts: [{name: v, mountPath: /a}]
      - {name: d, image: "docker.io/lib/nginx@sha256:abc"}
      volumes: [{name: v, configMap: {name: gen}}, {name: w, persistentVolumeClaim: {claimName: data}}]
      tolerations: [{key: a}]
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, name: http}]}
---
apiVersion: v1
kind: Namespace
metadata: {name: here}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: robot}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {storageClassName: fast}
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: fast}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader}
rules: [{apiGroups: [""], resources: [configmaps], resourceNames: [gen], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: readers}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects: [{kind: ServiceAccount, name: default, namespace: x}, {kind: ServiceAccount, name: robot}]
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: hpa}
spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: ing}
spec: {rules: [{http: {paths: [{backend: {service: {name: web}}}]}}], tls: [{secretName: sec}]}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: cron}
spec: {jobTemplate: {spec: {template: {spec: {containers: [{name: c, image: nginx, envFrom: [{configMapRef: {name: gen}}]}]}}}}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: sts}
spec: {serviceName: web, selector: {matchLabels: {app: sts}}, volumeClaimTemplates: [{metadata: {name: v}}], template: {metadata: {}}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: np}
spec: {podSelector: {matchLabels: {app: web}}, ingress: [{from: [{podSelector: {matchLabels: {a: b}}}, {podSelector: {}}]}]}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: hook}
webhooks: [{name: a.b.c, clientConfig: {service: {name: web, namespace: default}}}]
---
apiVersion: example.com/v1
kind: Foo
metadata: {name: foo}
spec: {list: [{name: a, x: 1}], image: "nginx:2", containers: [{image: "nginx:3"}], m: {k: v}}
END
printf 'A=b\n# c\n\n C=d e\nHOST\n' > base/env.txt; printf 'hello\nthere\n' > base/file.txt; printf '\377\376' > base/bin.dat
cat > base/kustomization.yaml <<'END'
resources: [all.yaml]
configMapGenerator:
- {name: gen, literals: [a=b, 'c="d e"'], files: [file.txt, other=file.txt, bin.dat]}
secretGenerator:
- {name: sec, envs: [env.txt], type: x/y}
END
'''


def _over(text, then='kubectl kustomize over'):
    """A shell line that writes an overlay and runs kubectl on it."""
    return "cat > over/kustomization.yaml <<'END'\n%s\nEND\n%s" % (text, then)


def _on_base(text, then='kubectl kustomize over'):
    return _over('resources: [../base]\n' + text, then)


def _patch(patch, target='{kind: Deployment}'):
    return _on_base("patches:\n- target: %s\n  patch: '%s'" % (target, patch))


SCENARIOS = {
    'kustomize-build': [
        ('SETUP', _BASE), ['kustomize', 'base'], 'cd base && kubectl kustomize', 'cd base && kubectl kustomize .',
        _on_base('namePrefix: pre-\nnameSuffix: -suf'), _on_base('namespace: there'), _on_base('namespace: there\nnamePrefix: p-'),
        _on_base('commonLabels: {team: a, app: other}'), _on_base('labels:\n- {pairs: {a: b}}\n- {pairs: {c: d}, includeTemplates: true}\n- {pairs: {e: f}, includeSelectors: true}\n- {pairs: {g: h}, fields: [{path: spec/m, kind: Foo, create: true}]}'),
        _on_base('commonAnnotations: {note: "1"}'), _on_base('images:\n- {name: nginx, newTag: "9"}\n- {name: docker.io/lib/nginx, newName: other, digest: "sha256:def"}'), _on_base('images: [{name: nginx, newName: "a.b:5000/n", tagSuffix: -x}, {name: nope, newTag: x}]'),
        _on_base('replicas: [{name: web, count: 5}, {name: sts, count: 0}]'), _on_base('replicas: [{name: nope, count: 1}]'),
        _on_base('configMapGenerator: [{name: gen, behavior: merge, literals: [a=z, n=m]}]'), _on_base('configMapGenerator: [{name: gen, behavior: replace, literals: [n=m]}]\ngeneratorOptions: {disableNameSuffixHash: true, labels: {g: h}, annotations: {i: j}, immutable: true}'),
        _on_base('secretGenerator: [{name: long, literals: [k=%s]}, {name: own, literals: [a=b], options: {disableNameSuffixHash: true, labels: {o: p}}}]' % ('x' * 90)), _on_base('sortOptions: {order: fifo}'), _on_base('sortOptions: {order: legacy, legacySortOptions: {orderFirst: [Service], orderLast: [Namespace]}}'),
        _on_base('namePrefix: a-', "mkdir -p top; printf 'resources: [../over]\\nnamePrefix: b-\\nnamespace: n1\\nimages: [{name: nginx, newTag: top}]\\nreplicas: [{name: web, count: 7}]\\n' > top/kustomization.yaml; kubectl kustomize top"),
        "mkdir -p comp; printf 'apiVersion: kustomize.config.k8s.io/v1alpha1\\nkind: Component\\nnamePrefix: c-\\nconfigMapGenerator: [{name: extra, literals: [a=b]}]\\n' > comp/kustomization.yaml; " + _on_base('components: [../comp]\nnamePrefix: o-'),
        'kubectl kustomize base -o out.yaml; head -3 out.yaml; mkdir -p outs; kubectl kustomize base -o outs; ls outs', _over('bases: [../base]\nimageTags: [{name: nginx, newTag: old}]'), _over('NAMEPREFIX: x-\nresources: [../base]'),
    ],
    'kustomize-patches': [
        ('SETUP', _BASE), _on_base("patches:\n- patch: |\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {name: web, annotations: {q: r}}\n    spec:\n      replicas: null\n      template: {spec: {containers: [{name: side, image: s}, {name: c, args: [z], env: [{name: A, value: '2'}, {name: N, value: n}], ports: [{containerPort: 81}], volumeMounts: [{mountPath: /a, readOnly: true}, {mountPath: /b, name: v}]}, {name: d, $patch: delete}], tolerations: [{key: b}], nodeSelector: {a: b}}}"),
        _on_base("patches:\n- target: {kind: Deployment|Foo, name: web|f.*}\n  patch: |\n    apiVersion: x/v1\n    kind: Any\n    metadata: {name: any, labels: {p: q}}\n    spec: {list: [{name: b}], m: {k: null, z: 1}}"), _on_base("patches:\n- target: {kind: Foo}\n  options: {allowNameChange: true, allowKindChange: true}\n  patch: '{apiVersion: example.com/v1, kind: Bar, metadata: {name: renamed}}'"),
        _on_base("patches: [{patch: '{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, $patch: delete}'}, {patch: '{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {$patch: replace, type: X}}'}]"), _on_base("patches: [{patch: '{apiVersion: v1, kind: Service, metadata: {name: web, finalizers: [f]}, spec: {ports: [{$patch: replace}, {port: 1}], selector: {$patch: delete}}}'}]"),
        _on_base("patches: [{patch: '{apiVersion: apps/v1, kind: Deployment, metadata: {name: nope}}'}]"), _on_base("patches: [{patch: '{a: b}'}]"), _on_base('patches: [{path: nope.yaml}]'), _on_base('patches: [{}]'), _on_base("patches: [{patch: 'a: b', path: x}]"), _on_base('patches: [{target: {kind: Foo}}]'),
        "printf 'apiVersion: v1\\nkind: Service\\nmetadata: {name: web}\\nspec: {x: 1}\\n---\\napiVersion: example.com/v1\\nkind: Foo\\nmetadata: {name: foo}\\nspec: {y: 1}\\n' > over/two.yaml; " + _on_base('patches: [{path: two.yaml}]'), _on_base('patches: [{path: two.yaml, target: {kind: Foo}}]'), _on_base('patchesStrategicMerge: [two.yaml, "{apiVersion: example.com/v1, kind: Foo, metadata: {name: foo}, spec: {z: 2}}"]'),
        _patch('[{"op":"replace","path":"/spec/template/spec/containers/0/image","value":"x:1"},{"op":"add","path":"/spec/template/spec/containers/-","value":{"name":"z"}},{"op":"remove","path":"/spec/replicas"}]'), _patch('[{"op":"add","path":"/metadata/annotations","value":{"a":"b"}},{"op":"test","path":"/kind","value":"Deployment"},{"op":"copy","from":"/metadata/name","path":"/metadata/annotations/n"},{"op":"move","from":"/spec/replicas","path":"/spec/r"}]'),
        _patch('- {op: add, path: /spec/paused, value: true}'), _patch('[{"op":"replace","path":"/spec/x/y","value":1}]'), _patch('[{"op":"replace","path":"/spec/x","value":1}]'), _patch('[{"op":"remove","path":"/spec/x"}]'), _patch('[{"op":"test","path":"/kind","value":"x"}]'), _patch('[{"op":"foo","path":"/kind"}]'), _patch('[{"op":"add","path":"/spec/template/spec/containers/9","value":{}}]'),
        _patch('[{"op":"move","from":"/nope","path":"/spec/x"}]'), _patch('[{op: add}]'), _patch('[{"op":"add","path":"/spec/p","value":1}]', '{group: apps, version: v1, labelSelector: "app in (web)"}'), _patch('[{"op":"add","path":"/spec/p","value":1}]', '{name: ".*", kind: S.*, annotationSelector: "!a"}'), _patch('[{"op":"add","path":"/x","value":1}]', '{kind: Nope}'),
        _patch('[{"op":"add","path":"/x","value":1}]', '{name: "a("}'), _patch('[{"op":"add","path":"/x","value":1}]', '{labelSelector: "a in ("}'), _on_base("patches: [{patch: '[{\"op\":\"add\",\"path\":\"/x\",\"value\":1}]'}]"), _on_base("patchesJson6902:\n- target: {version: v1, kind: Service, name: web}\n  patch: '[{\"op\":\"add\",\"path\":\"/spec/type\",\"value\":\"NodePort\"}]'"),
        _on_base("namePrefix: p-\npatches:\n- target: {kind: Service}\n  patch: '[{\"op\":\"replace\",\"path\":\"/metadata/name\",\"value\":\"other\"}]'"),
    ],
    'kustomize-errors': [
        ('SETUP', _BASE), ['kustomize', 'nope'], 'cd over && kubectl kustomize', ['kustomize', 'a', 'b'], ['kustomize', 'base', '--foo'], ['kustomize', 'base/all.yaml'], _over(''), _over('foo: 1'), _over('kind: Foo\nresources: [../base]'), _over('apiVersion: v1\nresources: [../base]'), _over('kind: Component\nresources: [../base]'),
        _over('resources: nope'), _over('resources: [1]'), _over('namePrefix: [a]'), _over('commonLabels: {a: 1}'), _over('images: {a: b}'), _over('images: [{name: x, bad: 1}]'), _over('images: [{name: x, newTag: 1}]'), _over('replicas: [{name: a, count: b}]'), _over('patches: [a]'), _over('generatorOptions: {foo: 1}'), _over('[]'),
        _over('resources: [nope.yaml]'), _over('resources: [../base/all.yaml]'), _over('resources: [../base, ../base]'), _over('resources: [../over]'), _over('resources: [..]'), _over('resources: [/etc]'), _over('components: [../base]'), _over('sortOptions: {order: foo}\nresources: [../base]'),
        "printf 'apiVersion: v1\\nkind: Pod\\n' > over/a.yaml; " + _over('resources: [a.yaml]'), "printf 'a: b\\n' > over/a.yaml; " + _over('resources: [a.yaml]'), "printf 'metadata: {name: x}\\n' > over/a.yaml; " + _over('resources: [a.yaml]'), "printf 'apiVersion: v1\\nkind: Pod\\nmetadata: {name: x}\\n' > over/a.yaml; " + _over('resources: [a.yaml, a.yaml]'),
        _over('configMapGenerator: [{literals: [a=b]}]'), _over('configMapGenerator: [{name: a, literals: [a]}]'), _over('configMapGenerator: [{name: a, literals: [=a]}]'), _over('configMapGenerator: [{name: a, files: [nope]}]'), _over('configMapGenerator: [{name: a, files: [a=b=c]}]'), _over('configMapGenerator: [{name: a, files: ["=x"]}]'), _over('configMapGenerator: [{name: a, envs: [nope]}]'),
        _over('configMapGenerator: [{name: a, literals: [a=b, a=c]}]'), _over('secretGenerator: [{name: a, literals: [a=b, a=c]}]'), "touch over/kustomization.yml; " + _over('resources: [../base]') + '; rm over/kustomization.yml', _over('resources: []'), _over('namespace: a\nnamePrefix: b'),
    ],
    'kustomize-verbs': [
        ('SETUP', r'''mkdir -p k; cp one.yaml web.yaml k; printf 'resources: [one.yaml, web.yaml]\nnamePrefix: pre-\nlabels: [{pairs: {team: a}}]\nconfigMapGenerator: [{name: gen, literals: [a=b]}]\n' > k/kustomization.yaml'''),
        ['create', '-k', 'k', '--dry-run=client'], ['apply', '-k', 'k', '--dry-run=server'], ['apply', '-k', 'k'], ['apply', '--server-side', '-k', 'k', '--field-manager=x', '--force-conflicts', '--dry-run=server', '-o', 'name'], ['get', '-k', 'k'], ['describe', '-k', 'k', '--dry-run'], ['label', '-k', 'k', 'x=y'], ['annotate', '-k', 'k', 'n=m', '-o', 'name'],
        ['set', 'image', '-k', 'k', 'c=nginx:3'], ['rollout', 'history', '-k', 'k'], ['scale', '-k', 'k', '--replicas=1'], ['expose', '-k', 'k', '--port=80'], ['patch', '-k', 'k', '-p', '{}'], ['replace', '-k', 'k'], ['edit', '-k', 'k', '-x'], ['diff', '-k', 'nope'], ['get', '-k', 'nope'], ['apply', '-k', 'k', '-R'], ['get', '-k', 'k', '-f', 'one.yaml'], ['apply', '-k', 'k', '-f', 'one.yaml'], ['apply', '-k', ''],
        ['delete', '-k', 'k', '-o', 'name'], ['get', '-k', 'k', '--ignore-not-found', '-o', 'name'], ['delete', '-k', 'k', '--ignore-not-found'],
    ],
}
