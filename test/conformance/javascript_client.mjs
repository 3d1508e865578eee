// Run by javascript_client.py: node javascript_client.mjs WHERE [crash] [custom] [node]. Prints `ok` and `not ok` lines. What only
// the Python side can do is asked for by a line `#! WORD`, whose answer is a line on standard input.
import * as k8s from '@kubernetes/client-node';
import { createInterface } from 'node:readline';
import { PassThrough, Writable } from 'node:stream';

const [where, ...can] = process.argv.slice(2);
const input = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const ask = async (word) => { console.log(`#! ${word}`); await input.next(); };
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const quit = process.exit.bind(process);

const sorted = (_, value) => (value && typeof value === 'object' && !Array.isArray(value)
  ? Object.fromEntries(Object.entries(value).sort()) : value);

function eq(got, want) {
  const [a, b] = [JSON.stringify(got, sorted), JSON.stringify(want, sorted)];
  if (a !== b) throw new Error(`got ${a}, want ${b}`);
}

async function until(condition, what, seconds = 30) {
  let last;
  for (const end = Date.now() + seconds * 1000; Date.now() < end; await sleep(50)) {
    try { last = await condition(); if (last) return last; } catch (error) { last = error; }
  }
  throw new Error(`not within ${seconds} s: ${what} (last: ${last?.message ?? last})`);
}

async function test(name, run) {
  try { await run(); console.log(`ok ${where}: javascript: ${name}`); } catch (error) {
    console.log(`not ok ${where}: javascript: ${name}: ${String(error.message ?? error).split('\n')[0].slice(0, 300)}`);
    console.log(String(error.stack).replace(/^/gm, '# '));
  }
}

async function refused(code, call) {
  try { await call(); } catch (error) {
    if (error.code === undefined) throw error;
    eq(error.code, code);
    return typeof error.body === 'string' ? JSON.parse(error.body) : error.body;
  }
  throw new Error('it was not refused');
}

const config = new k8s.KubeConfig();
config.loadFromDefault();
const core = config.makeApiClient(k8s.CoreV1Api), apps = config.makeApiClient(k8s.AppsV1Api);
const leases = config.makeApiClient(k8s.CoordinationV1Api), objects = k8s.KubernetesObjectApi.makeApiClient(config);
const namespace = (await core.createNamespace({ body: { metadata: { generateName: 'javascript-' } } })).metadata.name;
await until(() => core.readNamespacedServiceAccount({ name: 'default', namespace }), "the namespace's account");
const make = (name, data, labels) => core.createNamespacedConfigMap({ namespace, body: { metadata: { name, labels }, data } });

async function objectsTests() {
  await test('objects are created, read, listed, replaced and deleted', async () => {
    const made = await make('a', { k: 'v' }, { made: 'js' });
    eq((await core.readNamespacedConfigMap({ name: 'a', namespace })).data, { k: 'v' });
    eq((await core.listNamespacedConfigMap({ namespace, labelSelector: 'made=js' })).items.map((o) => o.metadata.name), ['a']);
    made.data.k = 'w';
    eq((await core.replaceNamespacedConfigMap({ name: 'a', namespace, body: made })).data, { k: 'w' });
    const stale = await refused(409, () => core.replaceNamespacedConfigMap({ name: 'a', namespace, body: made }));
    eq(stale.reason, 'Conflict');
    await core.deleteNamespacedConfigMap({ name: 'a', namespace });
    eq((await refused(404, () => core.readNamespacedConfigMap({ name: 'a', namespace }))).reason, 'NotFound');
  });

  await test("refusals carry the server's Status", async () => {
    const status = await refused(422, () => make('Bad_Name'));
    eq([status.kind, status.reason, status.details.causes[0].field], ['Status', 'Invalid', 'metadata.name']);
  });

  await test('JSON, merge and strategic patches and server-side apply', async () => {
    const body = { metadata: { name: 'd' }, spec: { replicas: 0, selector: { matchLabels: { a: 'b' } },
      template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'x:1' }] } } } };
    await apps.createNamespacedDeployment({ namespace, body });
    const patch = (type, change, extra = {}) => apps.patchNamespacedDeployment({ name: 'd', namespace, body: change, ...extra },
      k8s.setHeaderOptions('Content-Type', type));
    eq((await patch(k8s.PatchStrategy.JsonPatch, [{ op: 'replace', path: '/spec/replicas', value: 1 }])).spec.replicas, 1);
    const two = await patch(k8s.PatchStrategy.StrategicMergePatch, { spec: { template: { spec: { containers: [{ name: 'e', image: 'y' }] } } } });
    eq(two.spec.template.spec.containers.map((c) => c.name).sort(), ['c', 'e']);
    const one = await patch(k8s.PatchStrategy.MergePatch, { spec: { template: { spec: { containers: [{ name: 'z', image: 'q' }] } } } });
    eq(one.spec.template.spec.containers.map((c) => c.name), ['z']);
    const applied = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'applied', namespace }, data: { k: '1' } };
    const apply = (object, manager, force) => objects.patch(object, undefined, undefined, manager, force, k8s.PatchStrategy.ServerSideApply);
    await apply(applied, 'first');
    const conflict = await refused(409, () => apply({ ...applied, data: { k: '2' } }, 'second'));
    if (!conflict.message.includes('conflict with "first": .data.k')) throw new Error(conflict.message);
    eq((await apply({ ...applied, data: { k: '2' } }, 'second', true)).data, { k: '2' });
  });

  await test('KubernetesObjectApi finds any kind by discovery', async () => {
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's', namespace }, stringData: { a: 'b' } };
    await objects.create(secret);
    eq((await objects.read(secret)).data, { a: 'Yg==' });
    eq((await objects.list('apps/v1', 'Deployment', namespace)).items.length, 1);
    await objects.delete(secret);
    await refused(404, () => objects.read(secret));
  });
}

async function watchTests() {
  await test('a watch shows every change once, in order', async () => {
    const { metadata } = await core.listNamespacedConfigMap({ namespace });
    const seen = [];
    const stop = await new k8s.Watch(config).watch(`/api/v1/namespaces/${namespace}/configmaps`,
      { resourceVersion: metadata.resourceVersion }, (type, o) => seen.push([type, o.metadata.name]), () => {});
    await make('w1');
    await core.patchNamespacedConfigMap({ name: 'w1', namespace, body: [{ op: 'add', path: '/data', value: { s: '2' } }] });
    await core.deleteNamespacedConfigMap({ name: 'w1', namespace });
    await until(() => seen.length >= 3, 'three events');
    stop.abort();
    eq(seen, [['ADDED', 'w1'], ['MODIFIED', 'w1'], ['DELETED', 'w1']]);
  });

  await test(`an informer stays true over writes${can.includes('crash') ? ' and a crash of the API server' : ''}`, async () => {
    const selector = 'informed=y';
    const informer = k8s.makeInformer(config, `/api/v1/namespaces/${namespace}/configmaps`,
      () => core.listNamespacedConfigMap({ namespace, labelSelector: selector }), selector);
    const events = [];
    for (const kind of ['add', 'update', 'delete']) informer.on(kind, (o) => events.push(`${kind} ${o.metadata.name}`));
    informer.on('error', () => setTimeout(() => informer.start().catch(() => {}), 200));  // as its documentation says
    const names = () => informer.list(namespace).map((o) => o.metadata.name).sort().join();
    await make('before', {}, { informed: 'y' });
    await informer.start();
    await until(() => names() === 'before', 'the first list');
    await make('live', {}, { informed: 'y' });
    await until(() => names() === 'before,live', 'a live event');
    if (can.includes('crash')) await ask('crash');
    await until(() => make('after', {}, { informed: 'y' }), 'a write after it');
    await core.deleteNamespacedConfigMap({ name: 'before', namespace });
    await until(() => names() === 'after,live', `what changed since, seen ${events}`, 60);
    await informer.stop();
    for (const event of ['add after', 'delete before']) if (!events.includes(event)) throw new Error(`no ${event} in ${events}`);
  });

  await test('leases elect one leader at a time', async () => {
    // The client has no elector: what one does is a compare-and-swap on a Lease.
    const term = 1.5;
    const candidate = (me) => {
      const state = { me, leads: false, stopped: false };
      state.done = (async () => {
        while (!state.stopped) {
          const now = new k8s.V1MicroTime();
          try {
            const lease = await leases.readNamespacedLease({ name: 'chair', namespace });
            const held = lease.spec.holderIdentity && now - new Date(lease.spec.renewTime) < term * 1000;
            if (!held || lease.spec.holderIdentity === me) {
              lease.spec = { ...lease.spec, holderIdentity: me, renewTime: now,
                leaseTransitions: (lease.spec.leaseTransitions ?? 0) + (lease.spec.holderIdentity === me ? 0 : 1) };
              await leases.replaceNamespacedLease({ name: 'chair', namespace, body: lease });
              state.leads = true;
            } else state.leads = false;
          } catch (error) {
            state.leads = false;
            if (error.code === 404) {
              await leases.createNamespacedLease({ namespace, body: { metadata: { name: 'chair' },
                spec: { holderIdentity: me, leaseDurationSeconds: 2, renewTime: now } } }).catch(() => {});
            }
          }
          await sleep(100);
        }
      })();
      return state;
    };
    const all = ['one', 'two', 'three'].map(candidate);
    const leaders = () => all.filter((c) => !c.stopped && c.leads);
    await until(() => leaders().length === 1, 'a leader');
    for (let i = 0; i < 10; ++i, await sleep(100)) if (leaders().length !== 1) throw new Error(`${leaders().length} leaders`);
    const first = leaders()[0];
    first.stopped = true;
    await until(() => leaders().length === 1, 'its successor');
    const lease = await leases.readNamespacedLease({ name: 'chair', namespace });
    eq([lease.spec.holderIdentity, lease.spec.leaseTransitions], [leaders()[0].me, 1]);
    all.forEach((c) => { c.stopped = true; });
    await Promise.all(all.map((c) => c.done));
  });
}

async function customTest() {
  await test("a CRD's objects are created, patched, watched and refused by its schema", async () => {
    const crds = config.makeApiClient(k8s.ApiextensionsV1Api), custom = config.makeApiClient(k8s.CustomObjectsApi);
    const what = { group: 'js.example.com', version: 'v1', plural: 'gizmos', namespace };
    const gizmo = (name, spec) => ({ apiVersion: 'js.example.com/v1', kind: 'Gizmo', metadata: { name }, spec });
    await crds.createCustomResourceDefinition({ body: { metadata: { name: 'gizmos.js.example.com' }, spec: { group: what.group, scope: 'Namespaced',
      names: { plural: 'gizmos', singular: 'gizmo', kind: 'Gizmo' }, versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: {
        type: 'object', properties: { spec: { type: 'object', properties: { size: { type: 'integer', minimum: 1 }, colour: { type: 'string', _default: 'red' } } } } } } }] } } });
    try {
      const made = await until(() => custom.createNamespacedCustomObject({ ...what, body: gizmo('g', { size: 3 }) }), 'its first object', 20);
      eq(made.spec, { size: 3, colour: 'red' });
      const status = await refused(422, () => custom.createNamespacedCustomObject({ ...what, body: gizmo('bad', { size: 0 }) }));
      if (!status.message.includes('spec.size in body should be greater than or equal to 1')) throw new Error(status.message);
      const seen = [];
      const stop = await new k8s.Watch(config).watch(`/apis/js.example.com/v1/namespaces/${namespace}/gizmos`,
        { resourceVersion: made.metadata.resourceVersion }, (type) => seen.push(type), () => {});
      const patched = await custom.patchNamespacedCustomObject({ ...what, name: 'g', body: { spec: { size: 4 } } },
        k8s.setHeaderOptions('Content-Type', k8s.PatchStrategy.MergePatch));
      eq(patched.spec.size, 4);
      await custom.deleteNamespacedCustomObject({ ...what, name: 'g' });
      await until(() => seen.length >= 2, 'two events');
      stop.abort();
      eq(seen, ['MODIFIED', 'DELETED']);
    } finally {
      await crds.deleteCustomResourceDefinition({ name: 'gizmos.js.example.com' });
    }
  });
}

async function nodeTest() {
  await test('logs are read and followed, exec speaks both ways', async () => {
    await core.createNamespacedPod({ namespace, body: { metadata: { name: 'p' }, spec: { terminationGracePeriodSeconds: 0, containers: [
      { name: 'c', image: 'busybox:1', command: ['sh', '-c', 'for i in 1 2 3; do echo line $i; done; exec sleep 3600'] }] } } });
    await until(async () => (await core.readNamespacedPod({ name: 'p', namespace })).status.phase === 'Running', 'the pod', 60);
    await until(async () => (await core.readNamespacedPodLog({ name: 'p', namespace })) === 'line 1\nline 2\nline 3\n', 'its log', 20);
    const text = () => { const parts = []; return Object.assign(new Writable({ write(chunk, _, done) { parts.push(chunk); done(); } }), { text: () => Buffer.concat(parts).toString() }); };
    const followed = text();
    const stop = await new k8s.Log(config).log(namespace, 'p', 'c', followed, { follow: true });
    await until(() => followed.text() === 'line 1\nline 2\nline 3\n', 'the followed log');
    stop.abort();
    const [out, err, stdin] = [text(), text(), new PassThrough()];
    const status = await new Promise((done, failed) => {
      new k8s.Exec(config).exec(namespace, 'p', 'c', ['sh'], out, err, stdin, false, done).catch(failed);
      setTimeout(() => stdin.write('echo $((6*7)); echo oops >&2; exit 3\n'), 200);
    });
    eq([out.text(), err.text(), status.status, status.details.causes[0].message], ['42\n', 'oops\n', 'Failure', '3']);
  });
}

if (can.includes('node')) await nodeTest();
else {
  await objectsTests();
  await watchTests();
  if (can.includes('custom')) await customTest();
  else console.log(`# ${where}: the server does not serve custom resources: that part is left out`);
}
await core.deleteNamespace({ name: namespace });
quit(0);
