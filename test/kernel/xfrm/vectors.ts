/** The recorded netlink octets of `../shared/vectors/07-netlink-xfrm`. */
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
  readonly stdout?: string;
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

export const golden: readonly Golden[] = haveVectors ? read('iproute2-golden.json').cases : [];
export const events: readonly { readonly name: string; readonly hex: string }[] = haveVectors
  ? read('kernel-events.json').events
  : [];
export const abi: Abi = haveVectors ? read('xfrm-abi-x86_64.json') : { constants: {}, structs: {} };

/** The request on the XFRM socket: `dev` and `offload` ask another socket for the interface first. */
export const requestOf = ({ requests }: Golden): Uint8Array => fromHex(requests.at(-1) ?? '');

/** The reply on the XFRM socket. */
export const replyOf = ({ kernelReplies }: Golden): Uint8Array => fromHex(kernelReplies.at(-1) ?? '');
