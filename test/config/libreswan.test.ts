/** The same text read by us and by Libreswan's own reader (Debian's libreswan 4.10, `readwriteconf`). */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { keywords } from '../../src/config/keywords.ts';
import { Mistakes } from '../../src/config/mistake.ts';
import { parseSections } from '../../src/config/parser.ts';
import { parseProtoport } from '../../src/config/protoport.ts';
import { connSettings } from '../../src/config/settings.ts';
import { sourcesOf } from '../../src/config/sources.ts';
import { errors, read } from './read.ts';

const reader = '/usr/libexec/ipsec/readwriteconf';
const examples = '/usr/share/doc/libreswan/examples';
const folder = mkdtempSync(join(tmpdir(), 'ikev2-libreswan-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** What Libreswan makes of a file: its settings by conn, or its complaint. */
function libreswan(text: string): { conns: Record<string, Record<string, string>> } | { complaint: string } {
  const file = join(folder, 'x.conf');
  writeFileSync(file, text);
  const { stdout, stderr } = spawnSync(reader, ['--config', file], { encoding: 'utf8', timeout: 20_000 });
  if (!stdout.includes('config setup') || /ERROR|cannot be loaded|ignoring:/.test(stderr + stdout))
    return { complaint: stderr + stdout };
  const conns: Record<string, Record<string, string>> = {};
  let current: Record<string, string> = {};
  for (const line of stdout.split('\n')) {
    const name = /^conn (.*)$/.exec(line)?.[1];
    const [, key, value] = /^\t([^#=]+)=(.*)$/.exec(line) ?? [];
    if (name !== undefined) {
      current = {};
      conns[name] = current;
    } else if (key !== undefined && value !== undefined && value !== '')
      current[key] = value.replace(/^["{](.*)["}]$/, '$1');
  }
  return { conns };
}

function ours(text: string): { conns: Record<string, Record<string, string>> } | { complaint: string } {
  const mistakes = new Mistakes();
  const conns = connSettings(parseSections(sourcesOf({ '/c': text }), '/c', mistakes), mistakes);
  if (mistakes.failed) return { complaint: mistakes.all.map(({ message }) => message).join('\n') };
  return {
    conns: Object.fromEntries(
      conns.map(({ name, settings }) => [
        name,
        Object.fromEntries([...settings].map(([key, { word }]) => [key, word])),
      ]),
    ),
  };
}

const ends = '\tleft=192.0.2.1\n\tright=192.0.2.2\n';

describe.skipIf(!existsSync(reader))(`as ${reader} (skipped without the Debian package libreswan)`, () => {
  test.each([
    ['quotes and comments', `# x\nconn a # y\n${ends}\tleftid="@b c"\n  # z\n\n\tike=aes\n`],
    [
      'also and %default',
      `conn %default\n\tauto=start\n\tpfs=no\nconn b\n\talso=c\n\tauto=add\nconn c\n${ends}\ttype=transport\n`,
    ],
    ['%default after', `conn b\n${ends}conn %default\n\tauto=start\n`],
    ['case', 'conn a\n\tLEFT=192.0.2.1\n\tRight=192.0.2.2\n\tAUTO=Add\n'],
    ['braces', `conn a\n${ends}\tleftsubnets={10.0.0.0/8 11.0.0.0/8}\n`],
    ['aliases of words', `conn a\n${ends}\tauto=up\n\ttype=pass\n`],
    ['white space around =', 'conn a\n\tleft = 192.0.2.1\n\tright= "192.0.2.2"\n'],
    ['an empty value', `conn %default\n\tauto=add\nconn a\n${ends}\tauto=\n`],
    ['a # and a quote in a word', `conn a\n${ends}\tleftid=@a#b\n\trightid=@a"b\n`],
    ["the user's words", `conn a\n${ends}\tx-y=z\n`],
  ])('%s', (_, text) => {
    const theirs = libreswan(text);
    const own = ours(text);
    if ('complaint' in theirs) throw new Error(theirs.complaint);
    if ('complaint' in own) throw new Error(own.complaint);
    for (const [name, settings] of Object.entries(own.conns))
      expect(theirs.conns[name], text).toMatchObject(settings);
  });

  test.each([
    ['a second value', `conn a\n${ends}\tleft=192.0.2.3\n`],
    ['another value by also=', `conn a\n${ends}\talso=b\n\tpfs=no\nconn b\n\tpfs=yes\n`],
    ['no such section', `conn a\n${ends}\talso=b\n`],
    ['also= in %default', `conn %default\n\talso=a\nconn a\n${ends}`],
    ['an unknown word', `conn a\n${ends}\tfoo=bar\n`],
    ['a bad word', `conn a\n${ends}\tauto=bogus\n`],
    ['a bad boolean', `conn a\n${ends}\tpfs=maybe\n`],
    ['a percentage without %', `conn a\n${ends}\trekeyfuzz=50\n`],
    ['a bad dpdaction', `conn a\n${ends}\tdpdaction=trap\n`],
    ['two words', `conn a\n${ends}\tleftid=@a b\n`],
    ['an open quote', `conn a\n${ends}\tleftid="@a b\n`],
    ['a parameter at the margin', 'conn a\nleft=192.0.2.1\n'],
    ['two names', `conn a b\n${ends}`],
    ['a word of config setup', `conn a\n${ends}\tuniqueids=no\n`],
  ])('both refuse %s', (_, text) => {
    expect(libreswan(text)).toHaveProperty('complaint');
    expect(ours(text)).toHaveProperty('complaint');
  });

  test.each([
    'icmp/2048',
    'icmp/0x800',
    '17/%any',
    'tcp/ssh',
    'tcp/010',
    '0x11/53',
    'tcp',
    'tcp/',
    'tcp/0',
    '47/',
  ])('protoport %s means the same to both', (text) => {
    const theirs = libreswan(`conn a\n${ends}\tleftprotoport=${text}\n`);
    if ('complaint' in theirs) throw new Error(theirs.complaint);
    const printed = theirs.conns.a?.leftprotoport?.toLowerCase() ?? '';
    expect(parseProtoport(text)).toEqual(parseProtoport(printed));
  });

  test.each(['tcp/65536', 'udp/0800', 'bogus', 'bogus/9', '%any/22', '0/22', '256', 'tcp/bogus'])(
    'both refuse protoport %s',
    (text) => {
      expect(libreswan(`conn a\n${ends}\tleftprotoport=${text}\n`)).toHaveProperty('complaint');
      expect(parseProtoport(text)).toHaveProperty('wrong');
    },
  );

  const authenticated = (line: string) => `conn a\n${ends}\t${line}\n\tauto=add\n`;
  /** Our complaints but those of keys that are not there. */
  const mistaken = (text: string) =>
    errors(read(text)).filter((each) => !/there is no |neither end|we have neither/.test(each));

  test.each(
    (
      'authby=secret authby=rsasig authby=rsa authby=rsa-sha1 authby=rsa-sha2 authby=rsa-sha2_256 authby=rsa-sha2_384 ' +
      'authby=rsa-sha2_512 authby=ecdsa authby=ecdsa-sha2 authby=ecdsa-sha2_256 authby=ecdsa-sha2_384 authby=ecdsa-sha2_512 ' +
      'authby=null authby=secret,rsasig authby=rsasig,ecdsa authby=rsasig,null authby=secret,null leftautheap=none leftautheap=tls ' +
      'leftsendcert=always leftsendcert=never leftsendcert=sendifasked leftsendcert=alwayssend sendca=none sendca=issuer sendca=all ' +
      'require-id-on-certificate=no require-id-on-certificate=yes rightca=%any rightca=%same leftcert=x leftid=%fromcert rightid=%null'
    ).split(' '),
  )('both take %s', (line) => {
    expect(libreswan(authenticated(line))).toHaveProperty('conns');
    expect(mistaken(authenticated(line))).toEqual([]);
  });

  test.each(
    'authby=bogus authby=ecdsa-sha1 leftauth=bogus leftautheap=peap leftsendcert=maybe sendca=some require-id-on-certificate=maybe'.split(
      ' ',
    ),
  )('both refuse %s', (line) => {
    expect(libreswan(authenticated(line))).toHaveProperty('complaint');
    expect(errors(read(authenticated(line))).join('\n')).toMatch(/^\/c:4:\d+: error: /m);
  });

  test.each('rsasig rsa ecdsa secret null eaponly'.split(' '))('both take leftauth=%s', (word) => {
    const text = authenticated(`leftauth=${word}\n\trightauth=rsasig\n\tleftautheap=tls`);
    expect(libreswan(text)).toHaveProperty('conns');
    expect(mistaken(text)).toEqual([]);
  });

  test('every word of its table is in ours', () => {
    const table = spawnSync('strings', ['-n', '3', reader], { encoding: 'utf8' }).stdout;
    const listed =
      /\nikev1-policy\n[\s\S]*?\nx-comment\n([\s\S]*?\naggrmode)\n/.exec(table)?.[1]?.split('\n') ?? [];
    const words = listed.filter((word) => /^[a-z][a-z0-9_-]+$/.test(word) && word !== 'also');
    const known = new Set(keywords.map(({ name }) => name));
    expect(words.filter((word) => !known.has(word) && !known.has(word.replaceAll('_', '-')))).toEqual([]);
    // Without binutils there is nothing to compare.
    if (table !== '') expect(words.length).toBeGreaterThan(140);
  });

  test('no word in its examples is unknown', () => {
    for (const name of readdirSync(examples).filter(
      (each) => each.endsWith('.conf') && each !== 'sysctl.conf',
    )) {
      const unknown = errors(read(readFileSync(join(examples, name), 'utf8'))).filter((each) =>
        each.includes('is no keyword'),
      );
      expect(unknown, name).toEqual([]);
    }
  });
});
