/** `ikev2 import`: a PKCS#12 file, or any key file, into the store. */
import type { Command } from 'commander';
import { type ImportRequest, importKeyFile, type WrittenFile } from '../daemon/key-import.ts';
import { defaultStore } from '../daemon/paths.ts';
import { CommandError, perform } from './failure.ts';
import { jsonOption } from './options.ts';
import { Output, paint } from './output.ts';
import { askPassphrase, type PassphraseOptions, passphraseOf, withPassphrase } from './passphrase.ts';

interface ImportOptions extends PassphraseOptions {
  readonly dir: string;
  readonly name?: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

export function add(program: Command): void {
  withPassphrase(program.command('import <file>'))
    .description(
      'put the key and the certificates of a PKCS#12 file (or PEM, or DER) into private/, certs/ and cacerts/ of a directory',
    )
    .option('--dir <directory>', 'the directory', defaultStore)
    .option('--name <name>', 'the name to keep it under, for leftcert= (default: the one in the file)')
    .option('--force', 'replace files that are there')
    .addOption(jsonOption())
    .action((file: string, options: ImportOptions) =>
      perform(options, () => run(file, options, new Output(options))),
    );
}

async function run(file: string, options: ImportOptions, output: Output): Promise<void> {
  const { dir: directory, name, force = false } = options;
  const passphrase = passphraseOf(options);
  const done = await imported({ file, directory, name, force, passphrase });
  for (const { path, what, present, wasMode } of done.files) {
    const closed = wasMode === undefined ? '' : `; others could use it (mode ${wasMode}), now it is 0600`;
    output.line(`${path}: ${what}${present ? ', as it was' : ''}${closed}`);
  }
  warnOf(done.files);
  if (done.files.some(({ what }) => what === 'certificate'))
    output.line(`use it as  leftcert=${quotedIf(done.name)}`);
  output.object({ kind: 'import', ...done });
}

/** What is wrong with where keys are, once each. */
export function warnOf(files: readonly WrittenFile[]): void {
  for (const warning of new Set(files.flatMap((file) => file.warning ?? [])))
    process.stderr.write(`${paint('yellow', warning, process.stderr)}\n`);
}

const attempts = 3;

/** Asks for the passphrase when none was given and one is needed. */
async function imported(request: ImportRequest): Promise<ReturnType<typeof importKeyFile>> {
  for (let attempt = 0, { passphrase } = request; ; attempt++) {
    try {
      return importKeyFile({ ...request, passphrase });
    } catch (error) {
      const reason = error instanceof Error && 'reason' in error ? error.reason : undefined;
      const again = reason === 'PASSPHRASE_MISSING' || (reason === 'PASSPHRASE_WRONG' && attempt > 0);
      if (!again || request.passphrase !== undefined || attempt >= attempts) throw error;
      passphrase = await askPassphrase(request.file);
      if (passphrase.length === 0) throw new CommandError('no passphrase');
    }
  }
}

const quotedIf = (name: string): string => (name.includes(' ') ? `"${name}"` : name);
