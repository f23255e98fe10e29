/** An OCSP responder, OpenSSL's own. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ocspAt } from '../../pki/issue.ts';
import type { Holder } from './holders.ts';
import { scratch } from './mounts.ts';
import { inNetwork, type Side } from './namespaces.ts';
import { Background, until } from './process.ts';

const port = 8_080;

/** A certificate's word that the responder at this address is to be asked. */
export const ocspUri = (address: string): Uint8Array => ocspAt(`http://${address}:${port}`);

/** Answers for an authority, from now on: these serial numbers are revoked, and those good; of others nothing is known. */
export async function ocspResponder(
  { namespace }: Side,
  { pem, keyPem }: Holder,
  revoked: readonly number[],
  good: readonly number[] = [],
): Promise<{ stop(): Promise<void> }> {
  const place = scratch('ocsp');
  const file = (name: string, text: string) => {
    writeFileSync(join(place.path, name), text, { mode: 0o600 });
    return join(place.path, name);
  };
  const number = (serial: number) => serial.toString(16).toUpperCase().padStart(2, '0');
  const lines = revoked.map(
    (one) => `R\t350101000000Z\t250101000000Z\t${number(one)}\tunknown\t/CN=${one}\n`,
  );
  for (const one of good) lines.push(`V\t350101000000Z\t\t${number(one)}\tunknown\t/CN=${one}\n`);
  const authority = file('ca.pem', pem);
  const signer = ['-rsigner', authority, '-rkey', file('ca.key', keyPem), '-CA', authority];
  const index = ['-index', file('index.txt', lines.join('')), '-nmin', '60'];
  const command = ['openssl', 'ocsp', '-port', String(port), ...index, ...signer];
  const daemon = new Background([...inNetwork(namespace), ...command], { cwd: place.path });
  await until(
    'openssl ocsp listens',
    () => (/ACCEPT|waiting for/i.test(daemon.output) ? true : undefined),
    10_000,
    () => daemon.output,
  );
  return {
    async stop() {
      await daemon.stop();
      place.remove();
    },
  };
}
