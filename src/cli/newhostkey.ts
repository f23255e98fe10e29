/** `ikev2 newhostkey`: a key pair for this host. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { curveNames, describeKey, makeHostKey, type NewKey } from '../daemon/host-keys.ts';
import { fileName, writePrivateKey } from '../daemon/key-import.ts';
import { defaultStore } from '../daemon/paths.ts';
import { CommandError, perform } from './failure.ts';
import { warnOf } from './import.ts';
import { jsonOption, wholeNumber } from './options.ts';
import { Output } from './output.ts';

interface NewHostKeyOptions {
  readonly type: 'rsa' | 'ecdsa' | 'ed25519' | 'ed448';
  readonly bits?: number;
  readonly curve?: string;
  readonly dir: string;
  readonly name?: string;
  readonly json?: boolean;
}

export function add(program: Command): void {
  program
    .command('newhostkey')
    .description('make a key pair; its private half goes into private/ of a directory')
    .addOption(
      new Option('--type <type>', 'the kind of key')
        .choices(['rsa', 'ecdsa', 'ed25519', 'ed448'])
        .default('rsa'),
    )
    .option('--bits <bits>', 'of an RSA key (default: 3072)', wholeNumber(2048, 16_384))
    .option('--curve <curve>', 'of an ECDSA key: secp256r1 (the default), secp384r1 or secp521r1', curve)
    .option('--dir <directory>', 'the directory', defaultStore)
    .option('--name <name>', "the file's name (default: the key's CKAID)")
    .addOption(jsonOption())
    .action((options: NewHostKeyOptions) => perform(options, () => run(options, new Output(options))));
}

function curve(text: string): string {
  const name = curveNames[text.toLowerCase()];
  if (name === undefined) throw new InvalidArgumentError(`Curves are ${Object.keys(curveNames).join(', ')}.`);
  return name;
}

async function run(options: NewHostKeyOptions, output: Output): Promise<void> {
  const name = options.name === undefined ? undefined : fileName(options.name);
  const { pkcs8, spki } = await makeHostKey(wanted(options));
  const shown = describeKey({ spki, file: '' });
  const [written] = writePrivateKey(options.dir, name ?? shown.ckaid, pkcs8, false);
  pkcs8.destroy();
  if (written) warnOf([written]);
  const { kind, ckaid, keyword, text } = shown;
  const file = written?.path ?? '';
  output.line(`Generated ${kind} key pair with CKAID ${ckaid} was stored in ${file}`);
  const where = options.dir === defaultStore ? '' : ` --dir ${options.dir}`;
  output.line(`The public key can be displayed using: ikev2 showhostkey --left --ckaid ${ckaid}${where}`);
  output.object({ type: kind, ckaid, file, keyword, text });
}

function wanted({ type, bits, curve }: NewHostKeyOptions): NewKey {
  if (bits !== undefined && type !== 'rsa') throw new CommandError('--bits is for --type rsa', 2);
  if (curve !== undefined && type !== 'ecdsa') throw new CommandError('--curve is for --type ecdsa', 2);
  if (type === 'rsa') return { type, bits: bits ?? 3072 };
  return type === 'ecdsa' ? { type, curve: curve ?? 'P-256' } : { type };
}
