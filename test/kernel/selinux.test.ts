/** SELinux through selinuxfs: a small policy answers here; the kernel's own does in test/lab. */
import { describe, expect, it } from 'vitest';
import { Selinux, type SelinuxFiles } from '../../src/kernel/selinux.ts';
import { labelFrom } from '../../src/policy/label.ts';

const spd = labelFrom('u:r:spd_t:s0');
const app = labelFrom('u:r:app_t:s0');
const other = labelFrom('u:r:other_t:s0');

interface Loaded {
  /** `source target permission`. */
  allowed: string[];
  numbers: { index: number; polmatch?: number; setcontext?: number } | undefined;
  /** False while no class has its files. */
  classes: boolean;
  sequence: number;
  enforce: string;
  loads: number;
  denyUnknown: string;
  permissiveDomains: string[];
  fails: string | undefined;
  /** Done while a question is being answered. */
  meanwhile: (() => void) | undefined;
}

const errno = (code: string): Error => Object.assign(new Error(code), { code });

function policy(changed: Partial<Loaded> = {}) {
  const loaded: Loaded = {
    allowed: [
      'u:r:app_t:s0 u:r:spd_t:s0 polmatch',
      'u:r:ike_t:s0 u:r:app_t:s0 setcontext',
      'u:r:other_t:s0 u:r:spd_t:s0 polmatch',
    ],
    numbers: { index: 17, polmatch: 4, setcontext: 3 },
    classes: true,
    sequence: 8,
    enforce: '1',
    loads: 1,
    denyUnknown: '1',
    permissiveDomains: [],
    fails: undefined,
    meanwhile: undefined,
    ...changed,
  };
  const asked: string[] = [];
  const octets = (text: string): Uint8Array => new TextEncoder().encode(text);
  const known = /^u:r:(app|other|spd|ike|nospd)_t:s0$/;
  const files: SelinuxFiles = {
    read(name) {
      const { numbers } = loaded;
      if (name === 'own') return octets('u:r:ike_t:s0\0');
      if (name === 'enforce') return octets(loaded.enforce);
      if (name === 'deny_unknown') return octets(loaded.denyUnknown);
      if (name === 'status')
        return new Uint8Array(Uint32Array.of(1, loaded.sequence, 1, loaded.loads, 1).buffer);
      const found = /^class\/association\/(?:perms\/)?(\w+)$/.exec(name)?.[1] as keyof NonNullable<
        typeof numbers
      >;
      if (!loaded.classes || numbers?.[found] === undefined) throw errno('ENOENT');
      return octets(String(numbers[found]));
    },
    ask(name, question) {
      if (loaded.fails) throw errno(loaded.fails);
      asked.push(`${name}: ${question}`);
      loaded.meanwhile?.();
      const [source = '', target = '', index] = question.replace(/\0$/, '').split(' ');
      if (name === 'context') {
        if (!known.test(source)) throw errno('EINVAL');
        return question;
      }
      if (!known.test(source) || !known.test(target) || Number(index) !== loaded.numbers?.index)
        throw errno('EINVAL');
      const { polmatch = 4, setcontext = 3 } = loaded.numbers;
      const bits = { polmatch: 1 << (polmatch - 1), setcontext: 1 << (setcontext - 1) };
      const allowed = Object.entries(bits)
        .filter(([permission]) => loaded.allowed.includes(`${source} ${target} ${permission}`))
        .reduce((sum, [, bit]) => sum | bit, 0);
      const flags = loaded.permissiveDomains.includes(source) ? 1 : 0;
      return `${allowed.toString(16)} ffffffff 0 ffffffff ${loaded.loads} ${flags}`;
    },
  };
  const lines: string[] = [];
  return { loaded, asked, lines, access: new Selinux(files, (line) => lines.push(line)) };
}

describe('class association', () => {
  it('asks for polmatch of the flow to the policy, and for setcontext of this process to the flow', () => {
    const { access, asked } = policy();
    expect(access.denial(app, spd)).toBeUndefined();
    expect(asked).toEqual(['access: u:r:app_t:s0 u:r:spd_t:s0 17', 'access: u:r:ike_t:s0 u:r:app_t:s0 17']);
  });

  it.each([
    [
      'polmatch',
      labelFrom('u:r:nospd_t:s0'),
      'denied { polmatch } scontext=u:r:nospd_t:s0 tcontext=u:r:spd_t:s0 tclass=association',
    ],
    [
      'setcontext',
      other,
      'denied { setcontext } scontext=u:r:ike_t:s0 tcontext=u:r:other_t:s0 tclass=association',
    ],
    ['polmatch', spd, 'denied { polmatch } scontext=u:r:spd_t:s0 tcontext=u:r:spd_t:s0 tclass=association'],
    [
      'polmatch',
      labelFrom('nonsense'),
      'denied { polmatch } scontext=nonsense tcontext=u:r:spd_t:s0 tclass=association (the running policy does not know one of them)',
    ],
  ])('%s is denied: %#', (check, flow, said) => {
    expect(policy().access.denial(flow, spd)).toEqual({ check, said });
  });

  it('a label that would end the question too early is none', () => {
    const { access, asked } = policy();
    expect(access.denial(labelFrom('u:r:app_t:s0 u:r:spd_t:s0 17'), spd)?.check).toBe('form');
    expect(asked).toEqual([]);
  });

  it('permissive: it may, and the line is told', () => {
    const { access, lines, loaded } = policy({ enforce: '0' });
    expect(access.enforcing).toBe(false);
    expect([access.denial(other, spd), access.denial(other, spd)]).toEqual([undefined, undefined]);
    expect(lines).toEqual([
      'denied { setcontext } scontext=u:r:ike_t:s0 tcontext=u:r:other_t:s0 tclass=association permissive=1',
    ]);
    loaded.enforce = '1';
    expect(access.denial(other, spd)?.check).toBe('setcontext');
    loaded.permissiveDomains = ['u:r:ike_t:s0'];
    expect(access.denial(other, spd)).toBeUndefined();
  });

  it('a policy that is loaded has other numbers and other rules', () => {
    const { access, lines, loaded } = policy();
    expect(access.denial(app, spd)).toBeUndefined();
    loaded.numbers = { index: 30, polmatch: 2, setcontext: 1 };
    loaded.loads = 2;
    expect(access.denial(app, spd)).toBeUndefined();
    loaded.allowed = [];
    expect(access.denial(app, spd)?.check).toBe('polmatch');
    expect(lines).toEqual(['a SELinux policy was loaded']);
  });

  it.each(['0', '1'])('a policy without the class denies, deny_unknown=%s', (denyUnknown) => {
    const { access } = policy({ numbers: undefined, denyUnknown });
    expect(access.denial(app, spd)?.said).toMatch(/no class association/);
  });

  it('a permission that is missing is denied, and looked for again', () => {
    const numbers = { index: 17, polmatch: 4 };
    const { access, loaded } = policy({ numbers, denyUnknown: '0' });
    expect(access.denial(app, spd)?.said).toMatch(/no permission setcontext in class association/);
    expect(access.denial(labelFrom('u:r:nospd_t:s0'), spd)?.check).toBe('polmatch');
    loaded.numbers = { ...numbers, setcontext: 3 };
    expect(access.denial(app, spd)).toBeUndefined();
    const permissive = policy({ numbers, enforce: '0' });
    expect(permissive.access.denial(app, spd)).toBeUndefined();
    expect(permissive.lines).toHaveLength(1);
  });

  it('a class that is away for a moment is looked for again', () => {
    const { access, loaded } = policy({ denyUnknown: '0', allowed: [] });
    expect(access.denial(app, spd)?.check).toBe('polmatch');
    Object.assign(loaded, { loads: 2, classes: false });
    expect(access.denial(app, spd)?.said).toMatch(/no class association/);
    Object.assign(loaded, { classes: true, allowed: policy().loaded.allowed });
    loaded.numbers = { index: 17, polmatch: 4, setcontext: 3 };
    expect(access.denial(app, spd)).toBeUndefined();
  });

  it('what was answered while a policy was loaded is asked again', () => {
    const { access, asked, loaded } = policy();
    loaded.meanwhile = () => {
      Object.assign(loaded, { loads: 2, sequence: 10, numbers: { index: 30, polmatch: 2, setcontext: 1 } });
      loaded.allowed = [];
      loaded.meanwhile = undefined;
    };
    expect(access.denial(app, spd)?.check).toBe('polmatch');
    expect(asked.at(-1)).toBe('access: u:r:app_t:s0 u:r:spd_t:s0 30');
  });

  it('a status that never rests is denied', () => {
    const { access, asked, loaded } = policy();
    loaded.meanwhile = () => {
      loaded.loads++;
    };
    expect(access.denial(app, spd)?.said).toMatch(/policies are being loaded/);
    expect(asked.length).toBeLessThan(10);
    const odd = policy({ sequence: 9 });
    expect(odd.access.denial(app, spd)?.said).toMatch(/policies are being loaded/);
    expect(odd.asked).toEqual([]);
  });

  it.each(['', '0', 'x'])('a number that is none is denied: %j', (text) => {
    const files: SelinuxFiles = {
      read: (name) =>
        name === 'status' ? new Uint8Array(20) : new TextEncoder().encode(name === 'enforce' ? '1' : text),
      ask: () => 'ffffffff ffffffff 0 ffffffff 1 0',
    };
    expect(new Selinux(files).denial(app, spd)?.said).toMatch(/is no number/);
  });

  it('octets that are not ASCII are not asked about', () => {
    const { access, asked } = policy();
    expect(access.denial(Uint8Array.of(0x61, 0xff, 0), spd)?.check).toBe('form');
    expect(asked).toEqual([]);
  });

  it('what cannot be asked is denied, if it enforces', () => {
    const denied = policy({ fails: 'EACCES' });
    expect(denied.access.denial(app, spd)?.said).toMatch(/cannot be asked about u:r:app_t:s0: EACCES/);
    const permissive = policy({ fails: 'EACCES', enforce: '0' });
    expect(permissive.access.denial(app, spd)).toBeUndefined();
    expect(permissive.lines).toHaveLength(1);
  });
});

describe('a label of the configuration', () => {
  it.each([
    [app, undefined],
    [labelFrom('u:r:strange_t:s0'), /does not know it/],
    [labelFrom('a b'), /blanks/],
    [labelFrom('x'.repeat(4096)), /more than 4096/],
  ])('%#', (label, wrong) => {
    const fault = policy().access.fault(label);
    if (wrong === undefined) expect(fault).toBeUndefined();
    else expect(fault).toMatch(wrong);
  });
});
