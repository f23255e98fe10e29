/** The house's floors hold for every file of `src/`, and the rules see it when they do not. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: samples of code
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { breaches } from './floors/rules.ts';
import { strip } from './floors/strip.ts';

const src = fileURLToPath(new URL('../src', import.meta.url));
const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => ({ path, text: readFileSync(join(src, path), 'utf8') }));

describe('floors', () => {
  it('there is a house', () => {
    expect(files.length).toBeGreaterThan(50);
  });

  it('every file keeps to its floor', () => {
    expect(files.flatMap(breaches)).toEqual([]);
  });
});

describe('the rules can fail', () => {
  const bad: [why: string, path: string, text: string, breach: string][] = [
    [
      'a lower room calls a higher one',
      'wire/a.ts',
      "import { x } from '../ike/engine.ts';",
      'wire may not import /ike/engine.ts',
    ],
    [
      'through a directory',
      'wire/payloads/a.ts',
      "import x from '../../policy/policy.ts';",
      'wire may not import',
    ],
    ['by export', 'policy/a.ts', "export * from '../ike/engine.ts';", 'policy may not import'],
    [
      'over several lines',
      'policy/a.ts',
      "import {\n  a,\n  b,\n} from '../config/a.ts';",
      'policy may not import',
    ],
    ['for its side effects', 'esp/a.ts', "import '../kernel/memory.ts';", 'esp may not import'],
    ['later', 'config/a.ts', "const a = () => import('../daemon/loop.ts');", 'config may not import'],
    ['a type', 'crypto/a.ts', "import type { A } from '../pki/a.ts';", 'crypto may not import'],
    [
      'a value where only types may pass',
      'ike/a.ts',
      "import { KernelError } from '../kernel/port.ts';",
      'ike may not import',
    ],
    [
      'more of a room than one file',
      'esp/a.ts',
      "import { x } from '../wire/message.ts';",
      'esp may not import',
    ],
    [
      'a file with a longer name',
      'crypto/a.ts',
      "import { x } from '../wire/numbers-more.ts';",
      'crypto may not import',
    ],
    [
      'Node in a pure room',
      'ike/a.ts',
      "import { randomBytes } from 'node:crypto';",
      'ike may not import node:crypto',
    ],
    [
      'node:crypto beside its place',
      'crypto/noble/a.ts',
      "import x from 'node:crypto';",
      'crypto may not import node:crypto',
    ],
    [
      'a socket in the configuration',
      'config/a.ts',
      "import x from 'node:dgram';",
      'config may not import node:dgram',
    ],
    [
      'the kernel in the configuration',
      'config/a.ts',
      "import x from '../kernel/memory.ts';",
      'config may not import',
    ],
    [
      'ESP in the memory kernel',
      'kernel/memory.ts',
      "import x from '../esp/sad.ts';",
      'kernel may not import /esp',
    ],
    [
      'IKE in the kernel',
      'kernel/userspace.ts',
      "import x from '../ike/actions.ts';",
      'kernel may not import /ike',
    ],
    ['IKE in the commands', 'cli/a.ts', "import x from '../ike/engine.ts';", 'cli may not import /ike'],
    ['a room nobody planned', 'misc/a.ts', '', 'no such room'],
    ['a promise', 'ike/a.ts', 'export async function f() {}', 'async does not belong'],
    ['a clock', 'esp/a.ts', 'const now = Date.now();', 'Date does not belong'],
    ['a timer', 'wire/a.ts', 'setTimeout(f, 1);', 'setTimeout does not belong'],
    ['randomness', 'policy/a.ts', 'const a = Math.random();', 'Math.random does not belong'],
    [
      'the process, inside a template',
      'ike/a.ts',
      'const a = `x ${process.pid} y`;',
      'process does not belong',
    ],
    [
      'code after a regular expression with a quote',
      'ike/a.ts',
      "const a = /'/.test(b); console.log(a);",
      'console',
    ],
    ['code after a division', 'ike/a.ts', "const a = b / c; console.log('/');", 'console'],
    ['a key pair that deadlocks', 'crypto/node/a.ts', 'generateKeyPairSync("x25519")', 'generateKeyPairSync'],
    ['a long file', 'ike/a.ts', 'x;\n'.repeat(401), '401 lines'],
    ['a drawer of a file', 'ike/utils.ts', '', '"utils" names nothing'],
    ['a drawer of a directory', 'common/a.ts', '', '"common" names nothing'],
    ['a part of a name', 'ike/sa-manager.ts', '', '"manager" names nothing'],
    ['a class', 'ike/a.ts', 'export class SessionManager {}', 'SessionManager names nothing'],
  ];
  it.each(bad)('%s', (_why, path, text, breach) => {
    expect(breaches({ path, text }).join('\n')).toContain(breach);
  });

  const good: [why: string, path: string, text: string][] = [
    ['its own room', 'wire/payloads/a.ts', "import { x } from '../reader.ts';"],
    [
      'downward',
      'ike/a.ts',
      "import { x } from '../wire/message.ts';\nimport type { K } from '../kernel/port.ts';",
    ],
    ['one file of a room', 'crypto/a.ts', "import { Encr } from '../wire/numbers.ts';"],
    ['node:crypto in its place', 'crypto/node/a.ts', "import { createHash } from 'node:crypto';"],
    ['the user space kernel and ESP', 'kernel/userspace-sa.ts', "import { x } from '../esp/sad.ts';"],
    ['words in comments', 'ike/a.ts', '/** A promise: Promise, Date. */\n// console.log(process)\n'],
    ['words in strings', 'ike/a.ts', "const a = 'Date' + \"async\" + `await ${b} it's Date`;"],
    ['words in regular expressions', 'ike/a.ts', 'const a = b.replace(/Date/g, c);'],
    ['parts of words', 'ike/a.ts', 'const processed = updateDate(candidate);'],
    ['a long table', 'wire/numbers.ts', 'x;\n'.repeat(900)],
    ['exactly 400 lines', 'ike/a.ts', 'x;\n'.repeat(400)],
    ['the public names', 'index.ts', "export * from './ike/engine.ts';\nexport * from './daemon/loop.ts';"],
  ];
  it.each(good)('and allow: %s', (_why, path, text) => {
    expect(breaches({ path, text })).toEqual([]);
  });

  it('stripping keeps every line in its place', () => {
    for (const { text } of files) {
      for (const strings of ['keep', 'drop'] as const) {
        const stripped = strip(text, strings);
        expect(stripped.length).toBe(text.length);
        expect(stripped.split('\n').length).toBe(text.split('\n').length);
      }
    }
  });
});
