/** `ikev2 showhostkey`: the public keys of this host, as connections name them. */
import { type Command, Option } from 'commander';
import { describeKey, type HostKey } from '../daemon/host-keys.ts';
import { loadStore } from '../daemon/key-store.ts';
import { defaultStore } from '../daemon/paths.ts';
import { CommandError, perform } from './failure.ts';
import { jsonOption } from './options.ts';
import { Output, paint } from './output.ts';

interface ShowHostKeyOptions {
  readonly list?: boolean;
  readonly left?: boolean;
  readonly right?: boolean;
  readonly pem?: boolean;
  readonly pubkey?: boolean;
  readonly ckaid?: string;
  readonly rsaid?: string;
  readonly dir: string;
  readonly json?: boolean;
}

export function add(program: Command): void {
  program
    .command('showhostkey')
    .description("this host's public keys: all of them, or one as a line for a connection")
    .addOption(new Option('--list', 'a line for each key').conflicts(['left', 'right', 'pem']))
    .addOption(new Option('--left', 'the line for the left end').conflicts(['right', 'pem']))
    .addOption(new Option('--right', 'the line for the right end').conflicts('pem'))
    .option('--pem', 'the key in PEM')
    .option('--pubkey', 'with --left or --right: leftpubkey=, for any kind of key')
    .option('--ckaid <ckaid>', 'the key of this CKAID')
    .option('--rsaid <keyid>', 'the RSA key that begins like this')
    .option('--dir <directory>', 'where private/ is', defaultStore)
    .addOption(jsonOption())
    .action((options: ShowHostKeyOptions) => perform(options, async () => run(options, new Output(options))));
}

function run(options: ShowHostKeyOptions, output: Output): void {
  const store = loadStore(options.dir);
  for (const mistake of store.mistakes) process.stderr.write(`${paint('yellow', mistake, process.stderr)}\n`);
  const all = store.keys.map(describeKey);
  const { left, right, pem } = options;
  if (!left && !right && !pem) {
    const { ckaid, rsaid } = options;
    const shown = ckaid === undefined && rsaid === undefined ? all : [chosen(all, options)];
    for (const [i, key] of shown.entries())
      output.line(`<${String(i + 1).padStart(2)}> ${key.kind} keyid: ${key.keyId} ckaid: ${key.ckaid}`);
    for (const key of shown) output.object(key);
    if (all.length === 0) throw new CommandError(`there is no private key in ${options.dir}/private`);
    return;
  }
  const key = chosen(all, options);
  output.object(key);
  if (pem) return output.line(key.pem.trimEnd());
  const end = left ? 'left' : 'right';
  if (options.pubkey) return output.line(`\t${end}pubkey=${key.pubkey}`);
  output.line(`\t# ${key.kind.toLowerCase()}key ${key.keyId}`);
  output.line(`\t${end}${key.keyword}=${key.text}`);
}

/** The one that is asked for; the only one when none is. */
function chosen(all: readonly HostKey[], { ckaid, rsaid, dir }: ShowHostKeyOptions): HostKey {
  const wanted = ckaid?.replace(/^0x/i, '').replaceAll(':', '').toLowerCase();
  const fits = all.filter(
    (key) =>
      (wanted === undefined || key.ckaid === wanted) &&
      (rsaid === undefined ||
        (key.kind === 'RSA' && key.text.slice(2).startsWith(rsaid.replace(/^0s/i, '')))),
  );
  const [first, second] = fits;
  if (first === undefined) throw new CommandError(`there is no such private key in ${dir}/private`);
  if (second !== undefined)
    throw new CommandError('there are several: say which one by --ckaid (see --list)', 2);
  return first;
}
