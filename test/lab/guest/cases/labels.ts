/** Labeled IPsec with pluto, SELinux enforcing: each label of packets gets SAs of its own. RFC 9478. */
import { equal, ok } from 'node:assert/strict';
import { run, until } from '../../../interop/peers/process.ts';
import type { Bench } from '../bench.ts';
import { type Case, labCase, type Setting } from '../case.ts';
import { echoesInClear, type Host, inside, other } from '../namespaces.ts';
import { holding, statesOf } from '../xfrm.ts';

const template = 'system_u:object_r:ipsec_spd_t:s0';
const app1 = 'system_u:system_r:app1_t:s0';
const app2 = 'system_u:system_r:app2_t:s0';
const nospd = 'system_u:system_r:nospd_t:s0';

const labelled: Setting = { mode: 'transport', conn: { 'policy-label': template, encapsulation: 'no' } };
/** Both ends' packets ask. */
const both = { 'policy-label': template, encapsulation: 'no', auto: 'ondemand' };
const watchful = { dpddelay: '2s', 'retransmit-timeout': '3s', dpdaction: 'clear' };
const onDemand = (who: Host): Setting => ({ ...labelled, [who]: { auto: 'ondemand' } });

const hosts = ['ours', 'pluto'] as const;
const begins = (who: Host): string => (who === 'ours' ? 'we begin' : 'pluto begins');

const labelCase = (name: string, setting: Setting, work: Case['run']): Case => ({
  ...labCase(`labels: ${name}`, setting, work),
  boot: 'enforcing',
});

const fromBothEnds = (
  name: string,
  setting: (who: Host) => Setting,
  work: (bench: Bench, who: Host) => Promise<void>,
): Case[] =>
  hosts.map((who) => labelCase(`${name}, ${begins(who)}`, setting(who), (bench) => work(bench, who)));

/** A command of a domain, in place of ping's own. */
const as = (context: string, command: readonly string[]): string[] =>
  command.flatMap((word) => (word === 'ping' ? ['runcon', context, 'ping'] : [word]));

/** The first packets ask for the SA, and are lost; then every echo comes back. */
async function ping(bench: Bench, from: Host, context: string): Promise<void> {
  const once = async () => {
    const said = await run(as(context, bench.pinging(from, ['-c', '1', '-W', '1'])));
    return said.code === 0 ? true : undefined;
  };
  await until(`an echo of ${context} comes back to ${from}`, once, 20_000);
  const said = await run(as(context, bench.pinging(from, ['-c', '3', '-i', '0.1', '-W', '3'])));
  ok(said.stdout.includes(' 3 received'), `ping as ${context}:\n${said.stdout}${said.stderr}`);
  await bench.nothingInClear();
}

const contextOf = (entry: string): string => /security context (\S+)/.exec(entry)?.[1] ?? '';

/** Both kernels have a pair of SAs of each label, the newest alone; and one set of policies, of the template's. */
async function expectLabels(bench: Bench, ...contexts: readonly string[]): Promise<void> {
  const wanted = contexts.flatMap((context) => [context, context]).sort();
  await bench.both(`SAs of ${contexts.join(' ')}`, (...held) =>
    held.every((states) => states.map(contextOf).sort().join() === wanted.join()),
  );
  const { states, policies } = await holding('ours', bench.places);
  equal(policies.map(contextOf).join(), [template, template].join());
  const reqids = [...states, ...policies].map((entry) => /reqid (\d+)/.exec(entry)?.[1]);
  equal(new Set(reqids).size, 1, `one reqid: ${reqids.join()}`);
}

async function takeDown(bench: Bench, who: Host): Promise<void> {
  if (who === 'ours') await bench.ours.tell({ command: 'down', name: bench.conn });
  else await bench.pluto.down(bench.conn);
  await bench.both('no SA', (...held) => held.every((states) => states.length === 0));
}

/** What a receiver of one domain hears of a sender of another. */
async function heard(bench: Bench, sender: string, receiver: string): Promise<boolean> {
  const { outer } = bench.places;
  const program = `const s = require('node:dgram').createSocket('udp4');
    s.on('message', (m) => { console.log('heard ' + m); process.exit(0); });
    s.bind(7007, '${outer.pluto}', () => { console.log('ready'); setTimeout(() => process.exit(0), 6000); });`;
  const listening = run(inside('pluto', ['runcon', receiver, process.execPath, '-e', program]), {
    within: 30_000,
  });
  // From the address of the connection, which is none of the host's own.
  const send = `const s = require('node:dgram').createSocket('udp4');
    s.bind(0, '${outer.ours}', () => setInterval(() => s.send('hello', 7007, '${outer.pluto}'), 300));
    setTimeout(() => process.exit(0), 7000);`;
  await run(inside('ours', ['runcon', sender, process.execPath, '-e', send]), { within: 30_000 });
  return (await listening).stdout.includes('heard hello');
}

export const labels: readonly Case[] = [
  ...fromBothEnds(
    '`up` is childless, then each label its own',
    () => labelled,
    async (bench, who) => {
      await bench.up(who, 0);
      await ping(bench, who, app1);
      await ping(bench, who, app2);
      await ping(bench, other(who), app1);
      await expectLabels(bench, app1, app2);
      await takeDown(bench, who);
    },
  ),
  ...fromBothEnds('on demand, the first label in IKE_AUTH', onDemand, async (bench, who) => {
    await ping(bench, who, app1);
    await ping(bench, who, app2);
    await expectLabels(bench, app1, app2);
    await takeDown(bench, 'ours');
    await ping(bench, who, app2);
    await expectLabels(bench, app2);
    if (who === 'pluto') await bench.pluto.whack('--unroute', '--name', bench.conn);
    await takeDown(bench, 'ours');
  }),
  // Pluto's own command finds no IKE SA of a labelled connection.
  labelCase('children and IKE SA are rekeyed', labelled, async (bench) => {
    await bench.up('ours', 0);
    for (const context of [app1, app2]) await ping(bench, 'ours', context);
    for (const what of ['child', 'ike'] as const) await bench.rekey('ours', what);
    await expectLabels(bench, app1, app2);
    for (const who of hosts) for (const context of [app1, app2]) await ping(bench, who, context);
    await takeDown(bench, 'ours');
  }),
  labelCase(
    'pluto rekeys children',
    { ...labelled, pluto: { salifetime: '20s', rekeymargin: '10s', rekeyfuzz: '0%' } },
    async (bench) => {
      await bench.up('ours', 0);
      for (const context of [app1, app2]) await ping(bench, 'ours', context);
      const before = await bench.spis();
      const told = bench.ours.log.length;
      const rekeyed = () =>
        bench.ours.log.slice(told).match(/ rekeyed \(was /g)?.length === 2 ? true : undefined;
      await until('pluto has rekeyed both', rekeyed, 30_000);
      await bench.isRenewed(before);
      await expectLabels(bench, app1, app2);
      for (const context of [app1, app2]) await ping(bench, 'pluto', context);
      await takeDown(bench, 'ours');
    },
  ),
  labelCase('categories are labels of their own', labelled, async (bench) => {
    await bench.up('ours', 0);
    for (const context of [app1, `${app1}:c1`, `${app1}:c1.c3`]) await ping(bench, 'ours', context);
    await expectLabels(bench, app1, `${app1}:c1`, `${app1}:c1.c3`);
    await takeDown(bench, 'ours');
  }),
  labelCase('who may not use the policy is not protected by it', labelled, async (bench) => {
    await bench.up('ours', 0);
    await ping(bench, 'ours', app1);
    const before = await echoesInClear(bench.places.inner.ours);
    await run(as(nospd, bench.pinging('ours', ['-c', '2', '-i', '0.2', '-W', '1'])));
    ok(
      (await echoesInClear(bench.places.inner.ours)) > before,
      'its packets leave in clear, as the kernel has it',
    );
    await expectLabels(bench, app1);
    await takeDown(bench, 'ours');
  }),
  labelCase(
    'a label that may not use our policy: TS_UNACCEPTABLE, and why',
    { ...onDemand('pluto'), ours: { 'policy-label': 'system_u:object_r:other_spd_t:s0' } },
    async (bench) => {
      await run(as(app1, bench.pinging('pluto', ['-c', '2', '-i', '0.2', '-W', '1'])));
      const line = `denied { polmatch } scontext=${app1} tcontext=system_u:object_r:other_spd_t:s0 tclass=association`;
      await until('our log has the denial', () => (bench.ours.log.includes(line) ? true : undefined), 20_000);
      await until(
        'pluto is told',
        () => (/rejected Child SA with TS_UNACCEPTABLE/.test(bench.pluto.log) ? true : undefined),
        20_000,
      );
      equal((await statesOf('ours', bench.places)).filter((state) => contextOf(state) !== '').length, 0);
      await bench.pluto.whack('--unroute', '--name', bench.conn);
      // What waits for an SA in pluto's kernel waits on.
      await bench.ours.tell({ command: 'down', name: bench.conn });
    },
  ),
  labelCase('the kernel delivers to its own label only', labelled, async (bench) => {
    await bench.up('ours', 0);
    ok(await heard(bench, app1, app1), 'app1_t hears app1_t');
    await expectLabels(bench, app1);
    equal(await heard(bench, app1, app2), false, 'app2_t does not hear app1_t');
    await takeDown(bench, 'ours');
  }),
  // Of labelled connections pluto heeds no INITIAL_CONTACT: it finds out by itself.
  labelCase('our daemon is killed and starts again', { ...labelled, pluto: watchful }, async (bench) => {
    await bench.up('ours', 0);
    for (const context of [app1, app2]) await ping(bench, 'ours', context);
    await bench.ours.kill();
    const left = await holding('ours', bench.places);
    equal(left.states.length, 4, 'a killed daemon leaves its SAs in the kernel');
    equal(left.policies.map(contextOf).join(), [template, template].join());
    await bench.ours.start();
    await bench.isGone(['ours']);
    await bench.ours.tell({ command: 'up', name: bench.conn });
    for (const context of [app1, app2]) await ping(bench, 'ours', context);
    await expectLabels(bench, app1, app2);
    await takeDown(bench, 'ours');
  }),
  labelCase('pluto is killed and starts again', { ...labelled, ours: watchful }, async (bench) => {
    await bench.up('ours', 0);
    await ping(bench, 'ours', app1);
    await bench.pluto.kill();
    await bench.isGone(['ours']);
    await bench.pluto.start();
    await bench.up('ours', 0);
    await ping(bench, 'pluto', app1);
    await ping(bench, 'ours', app2);
    await expectLabels(bench, app1, app2);
    await takeDown(bench, 'ours');
  }),
  // Pluto is killed for these; whatever comes behind starts it again.
  labelCase('we at both ends: on demand, rekeyed, deleted', { ...labelled, conn: both }, async (bench) => {
    const twin = await bench.twin();
    await ping(bench, 'ours', app1);
    await ping(bench, 'pluto', app2);
    await ping(bench, 'pluto', app1);
    await expectLabels(bench, app1, app2);
    for (const what of ['child', 'ike'] as const) await bench.rekey('ours', what);
    await expectLabels(bench, app1, app2);
    for (const who of hosts) for (const context of [app1, app2]) await ping(bench, who, context);
    await twin.tell({ command: 'down', name: bench.conn });
    await bench.both('no SA', (...held) => held.every((states) => states.length === 0));
    await ping(bench, 'pluto', app2);
    await expectLabels(bench, app2);
    for (const each of [twin, bench.ours]) {
      await each.tell({ command: 'unroute', name: bench.conn });
      await each.tell({ command: 'down', name: bench.conn });
    }
    await bench.isGone();
  }),
];
