/** Recorded netlink octets: those of `../shared/vectors/07-netlink-xfrm`, and those beside this file (`recorded.json`). */
import { existsSync, readFileSync } from 'node:fs';
import { fromHex } from '../../../src/wire/hex.ts';

const root = new URL('../../../../shared/vectors/07-netlink-xfrm/', import.meta.url);

export const haveVectors = existsSync(root);
if (!haveVectors) console.warn('skipped: no ../shared/vectors/07-netlink-xfrm beside the project');

/** One `ip xfrm` command: what iproute2 sent, and what the kernel answered. */
export interface Golden {
  readonly name: string;
  readonly command: string;
  readonly stderr: string;
  readonly requests: readonly string[];
  readonly kernelReplies: readonly string[];
}

interface Abi {
  readonly constants: Readonly<Record<string, number>>;
  readonly structs: Readonly<
    Record<
      string,
      { readonly size: number; readonly fields: Readonly<Record<string, { offset: number; size: number }>> }
    >
  >;
}

const read = (name: string) => JSON.parse(readFileSync(new URL(name, root), 'utf8'));

const ours: readonly Golden[] = JSON.parse(
  readFileSync(new URL('recorded.json', import.meta.url), 'utf8'),
).cases;

export const golden: readonly Golden[] = [
  ...(haveVectors ? read('iproute2-golden.json').cases : []),
  ...ours,
];
export const events: readonly { readonly name: string; readonly hex: string }[] = haveVectors
  ? read('kernel-events.json').events
  : [];
export const abi: Abi = haveVectors ? read('xfrm-abi-x86_64.json') : { constants: {}, structs: {} };

/** The request on the XFRM socket: `dev` and `offload` ask another socket for the interface first. */
export const requestOf = ({ requests }: Golden): Uint8Array => fromHex(requests.at(-1) ?? '');

/** What the XFRM socket gave: one datagram each, of the earlier sockets none. */
export const repliesOf = ({ requests, kernelReplies }: Golden): Uint8Array[] =>
  kernelReplies.slice(requests.length - 1).map(fromHex);
