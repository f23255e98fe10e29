/** `ikev2 fault` in a namespace, as it is built: a misbehaving peer of whatever runs at the other end of the wire. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FaultFile } from '../../../src/testing/fault-file.ts';
import { scratch } from './mounts.ts';
import { inNetwork } from './namespaces.ts';
import type { OurFiles } from './ours.ts';
import { ikev2 } from './places.ts';
import { type Finished, run } from './process.ts';

/** Runs the script to its verdict, on ports 500 and 4500. */
export async function fault(
  files: OurFiles,
  script: FaultFile,
  ...more: readonly string[]
): Promise<Finished> {
  const place = scratch('fault');
  try {
    const file = (name: string, text: string) => {
      const path = join(place.path, name);
      writeFileSync(path, text, { mode: 0o600 });
      return path;
    };
    const args = ['--script', file('script.json', JSON.stringify(script))];
    args.push(
      '--config',
      file('ipsec.conf', files.config),
      '--secrets',
      file('ipsec.secrets', files.secrets),
    );
    for (const address of files.listen ?? [files.side.address]) args.push('--listen', address);
    const command = [process.execPath, ikev2, 'fault', 'net', ...args, ...more];
    return await run([...inNetwork(files.side.namespace), ...command], { within: 40_000 });
  } finally {
    place.remove();
  }
}
