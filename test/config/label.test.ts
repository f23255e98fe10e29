/** policy-label=: what labels a conn is of, and what is wrong with some. RFC 9478. */
import { readFileSync } from 'node:fs';
import { describe, expect, it, test } from 'vitest';
import { formatLabel } from '../../src/policy/label.ts';
import { errors, good, read, remarks } from './read.ts';

const context = 'system_u:object_r:ipsec_spd_t:s0';
const conn = (...lines: string[]): string =>
  ['conn net', 'left=192.0.2.1', 'right=192.0.2.2', 'authby=secret', 'auto=add', ...lines].join('\n    ') +
  '\n';

const labels = (...lines: string[]) =>
  good(conn(...lines)).policy.pad[0]?.children.map(({ name, label }) => [name, label && formatLabel(label)]);

describe('policy-label=', () => {
  test.each([
    [[`policy-label=${context}`]],
    [[`sec-label=${context}`]],
    [[`policy_label=${context}`]],
    [['labeled-ipsec=yes', `policy-label="${context}"`]],
  ])('%s', (lines) => {
    expect(labels(...lines)).toEqual([['net', context]]);
  });

  it('has its NUL, as the wire has it', () => {
    const [child] = good(conn('policy-label=a:b')).policy.pad[0]?.children ?? [];
    expect(child?.label).toEqual(Uint8Array.of(0x61, 0x3a, 0x62, 0));
  });

  it('none is none', () => {
    expect(labels()).toEqual([['net', undefined]]);
  });

  test.each(['policy-label=', 'policy-label=""', 'policy-label=" "', 'sec-label='])(
    '%s is a mistake: no child without a label was meant',
    (line) => {
      expect(errors(read(conn(line)))).toEqual([
        expect.stringMatching(
          /^\/c:6:\d+: error: (policy|sec)-label=: there is no label \(expected a context, or no such line\)$/,
        ),
      ]);
    },
  );

  test.each(['\xff', '\u00a0', 'é'])('octets that are not ASCII are refused: %j', (wrong) => {
    expect(errors(read(conn(`policy-label="a:${wrong}b"`)))).toEqual([
      expect.stringMatching(
        /^\/c:6:\d+: error: policy-label=: a:\\x\w+\\x\w+b: it has octets that are not ASCII$/,
      ),
    ]);
  });

  it('several, separated by blanks, make a child each; categories are no separate labels', () => {
    expect(labels('policy-label="a:s0:c1,c2  b:s0"')).toEqual([
      ['net/label1', 'a:s0:c1,c2'],
      ['net/label2', 'b:s0'],
    ]);
    expect(
      labels('policy-label="a b"', 'leftsubnets=10.1.0.0/24,10.3.0.0/24', 'rightsubnet=10.2.0.0/24'),
    ).toEqual([
      ['net/1x0/label1', 'a'],
      ['net/1x0/label2', 'b'],
      ['net/2x0/label1', 'a'],
      ['net/2x0/label2', 'b'],
    ]);
  });

  it('the obsolete pair is noted', () => {
    expect(remarks(read(conn('labeled-ipsec=yes', `policy-label=${context}`)))).toEqual([
      '/c:6:19: note: labeled-ipsec= is obsolete: policy-label= alone says it',
    ]);
  });

  it('under SELinux shunts beside it install nothing, which is noted where they are asked for', () => {
    const shunts = ['negotiationshunt=passthrough', 'failureshunt=drop', `policy-label=${context}`];
    const host = { labels: { mode: 'selinux' } } as const;
    expect(remarks(read(conn(...shunts), host))).toEqual([
      '/c:6:22: note: negotiationshunt=passthrough installs nothing beside policy-label=',
      '/c:7:18: note: failureshunt=drop installs nothing beside policy-label=',
    ]);
    expect(remarks(read(conn(...shunts)))).toEqual([]);
    const none = ['negotiationshunt=hold', 'failureshunt=none', `policy-label=${context}`];
    expect(remarks(read(conn(...none), host))).toEqual([]);
  });

  test.each([
    ['the gateway', ['leftsubnet=10.2.0.0/16', 'rightaddresspool=10.3.0.1-10.3.0.9']],
    ['the client', ['leftmodecfgclient=yes', 'rightsubnet=10.2.0.0/16']],
  ])('internal addresses are refused beside it under SELinux: %s', (_, lines) => {
    const text = conn(...lines, `policy-label=${context}`);
    expect(errors(read(text, { labels: { mode: 'selinux' } }))).toEqual([
      expect.stringMatching(
        /^\/c:8:\d+: error: policy-label= and internal addresses of a peer exclude each other under SELinux/,
      ),
    ]);
    expect(errors(read(text))).toEqual([]);
  });

  test.each([
    [['policy-label="a a"'], /"a" is there twice/],
    [[`policy-label=${'x'.repeat(4096)}`], /it has 4097 octets, more than 4096/],
    [['labeled-ipsec=yes'], /labeled-ipsec=yes without policy-label=/],
    [['labeled-ipsec=no', 'policy-label=a'], /exclude each other/],
    [['type=passthrough', 'policy-label=a'], /policy-label= is for what is protected/],
    // 10.0.0.1-10.0.0.254 is 14 networks.
    [['policy-label=a', 'leftsubnet=10.0.0.1-10.0.0.254,10.1.0.1,10.2.0.1'], /16 networks at one end/],
  ])('%s is refused', (lines, what) => {
    expect(errors(read(conn(...lines))).join('\n')).toMatch(what);
  });

  it('15 networks there is room for, and 4096 octets', () => {
    expect(labels('policy-label=a', 'leftsubnet=10.0.0.1-10.0.0.254,10.1.0.1')).toHaveLength(1);
    expect(labels(`policy-label=${'x'.repeat(4095)}`)).toHaveLength(1);
  });

  it('is asked about on the host that is to use it', () => {
    const asked: string[] = [];
    const labelFault = (label: Uint8Array): string | undefined => {
      asked.push(formatLabel(label));
      return label[0] === 0x61 ? undefined : 'the policy of this host does not know it';
    };
    expect(errors(read(conn('policy-label=a'), { labels: { mode: 'simple', fault: labelFault } }))).toEqual(
      [],
    );
    expect(
      errors(read(conn('policy-label="a b"'), { labels: { mode: 'simple', fault: labelFault } }))[0],
    ).toMatch(/^\/c:6:\d+: error: policy-label=: b: the policy of this host does not know it$/);
    expect(asked).toEqual(['a', 'a', 'b']);
  });
});

it('docs/labels.md has connections that load', () => {
  const page = readFileSync(new URL('../../docs/labels.md', import.meta.url), 'utf8');
  const confs = [...page.matchAll(/```conf\n(.*?)```/gs)].map(([, text = '']) => text);
  expect(confs).toHaveLength(2);
  const selinux = { labels: { mode: 'selinux' } } as const;
  const children = confs.map((conf) => good(conf, selinux).policy.pad[0]?.children[0]);
  expect(children.map((child) => child?.label && formatLabel(child.label))).toEqual([undefined, context]);
  expect(children.map((child) => child?.template)).toEqual([undefined, true]);
});
