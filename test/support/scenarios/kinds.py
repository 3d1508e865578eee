"""An object of every common kind: created, listed, described and deleted."""

FILES = {
    'kinds.yaml': '''apiVersion: v1
kind: ConfigMap
metadata: {name: cm, labels: {app: kinds}}
data: {a: b, long: "line one\\nline two\\n"}
binaryData: {bin: aGVsbG8=}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: fixed}
immutable: true
---
apiVersion: v1
kind: Secret
metadata: {name: secret, annotations: {why: because}}
type: Opaque
stringData: {user: me, password: "hunter 2"}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: robot}
imagePullSecrets: [{name: secret}]
secrets: [{name: secret}]
automountServiceAccountToken: false
---
apiVersion: v1
kind: Service
metadata: {name: lb, annotations: {a: b}}
spec:
  type: LoadBalancer
  selector: {app: kinds, tier: front}
  externalTrafficPolicy: Local
  sessionAffinity: ClientIP
  loadBalancerSourceRanges: [10.0.0.0/8]
  ports: [{name: http, port: 80, targetPort: web}, {name: dns, port: 53, protocol: UDP}]
---
apiVersion: v1
kind: Service
metadata: {name: headless}
spec: {clusterIP: None, selector: {app: kinds}, ports: [{port: 80}], publishNotReadyAddresses: true}
---
apiVersion: v1
kind: Service
metadata: {name: outside}
spec: {type: ExternalName, externalName: example.com}
---
apiVersion: v1
kind: Endpoints
metadata: {name: byhand}
subsets: [{addresses: [{ip: 1.2.3.4}, {ip: 1.2.3.5, hostname: h}], notReadyAddresses: [{ip: 1.2.3.6}], ports: [{name: p, port: 80}, {name: q, port: 81, protocol: UDP}]}]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: slice, labels: {kubernetes.io/service-name: nobody}}
addressType: IPv4
ports: [{name: http, port: 80, protocol: TCP}]
endpoints: [{addresses: [1.2.3.4], conditions: {ready: true}, hostname: one, nodeName: equal-n, zone: z}, {addresses: [1.2.3.5], conditions: {ready: false}}]
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {accessModes: [ReadWriteOnce, ReadOnlyMany], storageClassName: equal-none, resources: {requests: {storage: 1Gi}}, selector: {matchLabels: {a: b}}}
---
apiVersion: v1
kind: LimitRange
metadata: {name: limits}
spec: {limits: [{type: PersistentVolumeClaim, min: {storage: 1Gi}, max: {storage: 5Gi}}, {type: Pod, max: {cpu: "4"}, maxLimitRequestRatio: {cpu: "10"}}]}
---
apiVersion: v1
kind: ResourceQuota
metadata: {name: quota}
spec: {hard: {pods: "10"}, scopes: [BestEffort]}
---
apiVersion: v1
kind: PodTemplate
metadata: {name: template}
template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: "nginx:1"}]}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: dep, labels: {app: kinds}}
spec:
  replicas: 0
  minReadySeconds: 3
  revisionHistoryLimit: 4
  strategy: {type: Recreate}
  selector: {matchLabels: {app: dep}}
  template:
    metadata: {labels: {app: dep}, annotations: {scrape: "yes"}}
    spec:
      serviceAccountName: robot
      priorityClassName: system-node-critical
      containers: [{name: c, image: "nginx:1", ports: [{containerPort: 80, name: web}], resources: {limits: {cpu: 200m, memory: 64Mi}}, livenessProbe: {grpc: {port: 9000}}}]
      volumes: [{name: p, projected: {sources: [{configMap: {name: cm}}, {secret: {name: secret}}, {serviceAccountToken: {path: token}}, {downwardAPI: {items: [{path: l, fieldRef: {fieldPath: metadata.labels}}]}}]}}, {name: e, ephemeral: {volumeClaimTemplate: {spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}}}, {name: i, csi: {driver: d, volumeAttributes: {a: b}}}]
      nodeSelector: {disk: ssd}
      tolerations: [{key: k, operator: Exists}]
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: sts}
spec:
  replicas: 0
  serviceName: headless
  podManagementPolicy: Parallel
  updateStrategy: {rollingUpdate: {partition: 2}}
  selector: {matchLabels: {app: sts}}
  persistentVolumeClaimRetentionPolicy: {whenDeleted: Delete}
  template: {metadata: {labels: {app: sts}}, spec: {containers: [{name: c, image: "nginx:1", volumeMounts: [{name: data, mountPath: /data}]}]}}
  volumeClaimTemplates: [{metadata: {name: data, labels: {x: "y"}}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}]
---
apiVersion: batch/v1
kind: Job
metadata: {name: indexed}
spec:
  suspend: true
  completions: 3
  parallelism: 2
  completionMode: Indexed
  backoffLimit: 2
  activeDeadlineSeconds: 600
  ttlSecondsAfterFinished: 60
  podFailurePolicy: {rules: [{action: Ignore, onPodConditions: [{type: DisruptionTarget, status: "True"}]}]}
  template: {spec: {restartPolicy: Never, containers: [{name: c, image: "busybox:1", command: [sh, -c, "exit 0"]}]}}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly}
spec:
  schedule: "0 3 * * *"
  timeZone: Europe/Berlin
  suspend: true
  concurrencyPolicy: Forbid
  startingDeadlineSeconds: 30
  successfulJobsHistoryLimit: 1
  jobTemplate: {spec: {parallelism: 2, template: {spec: {restartPolicy: OnFailure, containers: [{name: c, image: "busybox:1", env: [{name: A, value: b}]}]}}}}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: hpa}
spec:
  minReplicas: 2
  maxReplicas: 5
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: nobody}
  metrics:
  - {type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 70}}}
  - {type: Resource, resource: {name: memory, target: {type: AverageValue, averageValue: 100Mi}}}
  - {type: Pods, pods: {metric: {name: rps}, target: {type: AverageValue, averageValue: "10"}}}
  - {type: Object, object: {metric: {name: hits}, describedObject: {apiVersion: v1, kind: Service, name: lb}, target: {type: Value, value: "3"}}}
  behavior: {scaleDown: {stabilizationWindowSeconds: 60, policies: [{type: Percent, value: 10, periodSeconds: 30}]}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: ing, annotations: {kubernetes.io/x: "y"}}
spec:
  ingressClassName: equal-ingress
  defaultBackend: {service: {name: lb, port: {number: 80}}}
  tls: [{hosts: [a.example.com], secretName: secret}]
  rules: [{host: a.example.com, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: lb, port: {name: http}}}}, {path: /img, pathType: Exact, backend: {resource: {apiGroup: x.y, kind: Bucket, name: b}}}]}}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: np}
spec:
  podSelector: {matchLabels: {app: kinds}}
  policyTypes: [Ingress, Egress]
  ingress: [{from: [{podSelector: {matchLabels: {a: b}}, namespaceSelector: {}}, {ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}], ports: [{port: 80}, {protocol: UDP, port: 53, endPort: 60}]}]
  egress: [{}]
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: pdb}
spec: {minAvailable: 50%, selector: {matchLabels: {app: nobody}}}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: pdb2}
spec: {maxUnavailable: 1, selector: {matchExpressions: [{key: app, operator: In, values: [x, z]}]}, unhealthyPodEvictionPolicy: AlwaysAllow}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: role}
rules: [{apiGroups: [""], resources: [pods, pods/log], verbs: [get, list]}, {apiGroups: [apps], resources: [deployments], resourceNames: [web], verbs: ["*"]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: binding}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: role}
subjects: [{kind: User, name: jane, apiGroup: rbac.authorization.k8s.io}, {kind: ServiceAccount, name: robot, namespace: default}, {kind: Group, name: devs, apiGroup: rbac.authorization.k8s.io}]
---
apiVersion: coordination.k8s.io/v1
kind: Lease
metadata: {name: lease}
spec: {holderIdentity: me, leaseDurationSeconds: 15, leaseTransitions: 2}
---
apiVersion: apps/v1
kind: ControllerRevision
metadata: {name: revision}
revision: 3
data: {spec: {a: b}}
''',
    'notstrings.yaml': '''apiVersion: apps/v1
kind: StatefulSet
metadata: {name: sts}
spec:
  serviceName: headless
  selector: {matchLabels: {app: sts}}
  template: {metadata: {labels: {app: sts}}, spec: {containers: [{name: c, image: "nginx:1"}]}}
  volumeClaimTemplates: [{metadata: {name: data, labels: {x: y}}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}]
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: pdb2}
spec: {maxUnavailable: 1, selector: {matchExpressions: [{key: app, operator: In, values: [x, y]}]}}
---
apiVersion: v1
kind: ResourceQuota
metadata: {name: quota}
spec: {hard: {services: "10", requests.storage: 10Gi}, scopes: [NotBestEffort]}
''',
    'cluster.yaml': '''apiVersion: v1
kind: Namespace
metadata: {name: equal-space, labels: {team: a}, annotations: {owner: me}}
---
apiVersion: v1
kind: PersistentVolume
metadata: {name: equal-pv, labels: {disk: ssd}}
spec:
  capacity: {storage: 5Gi}
  accessModes: [ReadWriteOnce]
  persistentVolumeReclaimPolicy: Delete
  storageClassName: equal-slow
  mountOptions: [ro]
  hostPath: {path: /tmp/x, type: DirectoryOrCreate}
  nodeAffinity: {required: {nodeSelectorTerms: [{matchExpressions: [{key: kubernetes.io/hostname, operator: In, values: [n1]}]}]}}
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: equal-class, annotations: {storageclass.kubernetes.io/is-default-class: "false"}}
provisioner: example.com/disk
parameters: {type: fast}
reclaimPolicy: Retain
allowVolumeExpansion: true
mountOptions: [debug]
volumeBindingMode: WaitForFirstConsumer
---
apiVersion: storage.k8s.io/v1
kind: CSIDriver
metadata: {name: equal.example.com}
spec: {attachRequired: false, podInfoOnMount: true, volumeLifecycleModes: [Persistent, Ephemeral]}
---
apiVersion: storage.k8s.io/v1
kind: VolumeAttachment
metadata: {name: equal-va}
spec: {attacher: example.com/disk, nodeName: equal-n, source: {persistentVolumeName: equal-pv}}
---
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: {name: equal-priority}
value: 1000
preemptionPolicy: Never
description: for tests
---
apiVersion: node.k8s.io/v1
kind: RuntimeClass
metadata: {name: equal-runtime}
handler: runsc
overhead: {podFixed: {cpu: 10m}}
---
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: equal-ingress}
spec: {controller: example.com/ingress, parameters: {apiGroup: x.y, kind: Params, name: p}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: equal-role}
rules: [{nonResourceURLs: [/healthz, /metrics], verbs: [get]}, {apiGroups: ["*"], resources: ["*"], verbs: [get, watch]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: equal-sum}
aggregationRule: {clusterRoleSelectors: [{matchLabels: {equal/none: "true"}}]}
rules: []
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: equal-binding}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: equal-role}
subjects: [{kind: Group, name: devs, apiGroup: rbac.authorization.k8s.io}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: equal-hook}
webhooks:
- name: a.example.com
  admissionReviewVersions: [v1]
  sideEffects: None
  failurePolicy: Ignore
  clientConfig: {url: "https://127.0.0.1:1/x"}
  rules: [{apiGroups: [equal.example.com], apiVersions: [v1], operations: [CREATE], resources: [nothings]}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: {name: equal-mutator}
webhooks: []
---
apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: PriorityLevelConfiguration
metadata: {name: equal-level}
spec: {type: Limited, limited: {nominalConcurrencyShares: 5, limitResponse: {type: Queue, queuing: {queues: 8, handSize: 3, queueLengthLimit: 10}}}}
---
apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: FlowSchema
metadata: {name: equal-flow}
spec: {priorityLevelConfiguration: {name: equal-level}, matchingPrecedence: 9000, distinguisherMethod: {type: ByUser}, rules: [{subjects: [{kind: User, user: {name: nobody}}], nonResourceRules: [{verbs: ["*"], nonResourceURLs: [/x]}]}]}
---
apiVersion: v1
kind: Node
metadata: {name: equal-n, labels: {kubernetes.io/hostname: equal-n, node-role.kubernetes.io/worker: ""}}
spec: {podCIDR: 10.244.99.0/24, podCIDRs: [10.244.99.0/24], unschedulable: true, taints: [{key: k, value: v, effect: NoSchedule}]}
''',
}

_KINDS = ('configmap/cm', 'configmap/fixed', 'secret/secret', 'sa/robot', 'svc/lb', 'svc/headless', 'svc/outside', 'endpoints/byhand',
          'endpointslice/slice', 'pvc/data', 'limits/limits', 'quota/quota', 'podtemplate/template', 'deploy/dep', 'sts/sts', 'job/indexed',
          'cronjob/nightly', 'hpa/hpa', 'ingress/ing', 'netpol/np', 'pdb/pdb', 'pdb/pdb2', 'role/role', 'rolebinding/binding', 'lease/lease',
          'controllerrevision/revision')
_CLUSTER = ('ns/equal-space', 'pv/equal-pv', 'sc/equal-class', 'csidriver/equal.example.com', 'volumeattachment/equal-va', 'pc/equal-priority',
            'runtimeclass/equal-runtime', 'ingressclass/equal-ingress', 'clusterrole/equal-role', 'clusterrole/equal-sum',
            'clusterrolebinding/equal-binding', 'validatingwebhookconfiguration/equal-hook', 'mutatingwebhookconfiguration/equal-mutator',
            'prioritylevelconfiguration/equal-level', 'flowschema/equal-flow', 'node/equal-n')

SCENARIOS = {
    'kinds': [
        ['create', '-f', 'kinds.yaml', '--dry-run=server'], ['create', '-f', 'kinds.yaml'], ['create', '-f', 'kinds.yaml'], ('SETUP', 'sleep 1.5'), ('SETUP', 'for i in $(seq 300); do [ -n "$(kubectl get hpa hpa -o jsonpath={.status.conditions})" ] && break; sleep 0.1; done'),
        *[['get', kind, '-o', 'wide'] for kind in _KINDS], *[['describe', *kind.split('/'), '--show-events=false'] for kind in _KINDS],
        *[['get', kind, '-o', 'yaml'] for kind in _KINDS], ['apply', '-f', 'kinds.yaml'], ['apply', '-f', 'kinds.yaml', '--server-side', '--force-conflicts'],
        ['diff', '-f', 'kinds.yaml'], ['replace', '-f', 'kinds.yaml'], ['label', '-f', 'kinds.yaml', 'x=y'], ['delete', '-f', 'kinds.yaml'],
        ['create', '-f', 'notstrings.yaml'], ['apply', '-f', 'notstrings.yaml', '--server-side'],
    ],
    'kinds-cluster': [
        ['create', '-f', 'cluster.yaml', '--dry-run=server'], ['create', '-f', 'cluster.yaml'], ['create', '-f', 'cluster.yaml'], ('SETUP', 'sleep 1.5'),
        *[['get', kind, '-o', 'wide'] for kind in _CLUSTER if not kind.startswith('node')],
        *[['describe', *kind.split('/'), '--show-events=false'] for kind in _CLUSTER if not kind.startswith('node')],
        *[['get', kind, '-o', 'yaml'] for kind in _CLUSTER if not kind.startswith('node')], ['apply', '-f', 'cluster.yaml', '--server-side', '--force-conflicts'],
        ['annotate', '-f', 'cluster.yaml', 'x=y'], ['delete', '-f', 'cluster.yaml', '--wait=false'], ('SETUP', ['wait', '--for=delete', '-f', 'cluster.yaml', '--timeout=30s']),
    ],
}
