/** What a suite needs of the machine, and why it cannot run without. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe } from 'vitest';
import { haveCharon, unpacked } from './charon.ts';
import { ikev2, project } from './places.ts';
import { havePluto } from './pluto.ts';
import { haveShim, shimSource } from './shims.ts';

export type Need = 'namespaces' | 'nft' | 'tun' | 'charon' | 'pluto' | 'fakexfrm' | 'tshark' | 'ours';

const missing: Record<Need, () => string | undefined> = {
  namespaces: once(() => {
    if (process.getuid?.() !== 0) return 'needs root for network namespaces';
    return works('unshare', '-mn', 'true') && works('ip', '-V') ? undefined : 'no network namespaces here';
  }),
  nft: once(() => (works('nft', '--version') ? undefined : 'nftables is not installed')),
  tun: once(() => (existsSync('/dev/net/tun') ? undefined : 'no /dev/net/tun')),
  charon: once(() => {
    if (!haveCharon()) works(join(project, 'test/interop/peers/fetch-strongswan.sh'), unpacked);
    return haveCharon() ? undefined : 'strongSwan is neither installed nor to be had by apt-get download';
  }),
  pluto: once(() => (havePluto() ? undefined : 'libreswan is not installed')),
  fakexfrm: once(() => {
    if (!haveShim('fakexfrm')) return `${shimSource('fakexfrm')} is absent`;
    return works('gcc', '--version') ? undefined : 'gcc is not installed';
  }),
  tshark: once(() => (works('tshark', '--version') ? undefined : 'tshark is not installed')),
  ours: once(() => (existsSync(ikev2) ? undefined : 'dist/ is not built: npm run build')),
};

/** A suite that skips, naming the reason, where the machine lacks something. */
export function suite(name: string, needs: readonly Need[], body: () => void): void {
  const reason = needs.map((need) => missing[need]()).find((one) => one !== undefined);
  if (reason === undefined) describe(name, body);
  else {
    console.warn(`skipped: ${name}: ${reason}`);
    describe.skip(`${name} (skipped: ${reason})`, body);
  }
}

function works(command: string, ...args: string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore', timeout: 120_000 });
    return true;
  } catch {
    return false;
  }
}

function once(probe: () => string | undefined): () => string | undefined {
  let answer: { reason: string | undefined } | undefined;
  return () => {
    answer ??= { reason: probe() };
    return answer.reason;
  };
}
