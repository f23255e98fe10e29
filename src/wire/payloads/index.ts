/** The registry of codecs. The union type `Payload` follows from it. */
import type { Codec } from '../codec.ts';
import { auth } from './auth.ts';
import { cert } from './cert.ts';
import { certreq } from './certreq.ts';
import { configuration } from './configuration.ts';
import { del } from './delete.ts';
import { eap } from './eap.ts';
import { encrypted } from './encrypted.ts';
import { fragment } from './fragment.ts';
import { idi, idr } from './id.ts';
import { ke } from './ke.ts';
import { nonce } from './nonce.ts';
import { notify } from './notify.ts';
import { sa } from './sa.ts';
import { tsi, tsr } from './ts.ts';
import type { Unknown } from './unknown.ts';
import { vendorId } from './vendor-id.ts';

export const codecs = [
  sa,
  ke,
  idi,
  idr,
  cert,
  certreq,
  auth,
  nonce,
  notify,
  del,
  vendorId,
  tsi,
  tsr,
  encrypted,
  configuration,
  eap,
  fragment,
] as const;

/** Any payload we know, by its `kind`. */
export type KnownPayload = ReturnType<(typeof codecs)[number]['parse']>;

export type Payload = KnownPayload | Unknown;

export type PayloadKind = Payload['kind'];

/** The payload with one `kind`: `PayloadOf<'nonce'>` is `Nonce`. */
export type PayloadOf<K extends PayloadKind> = Extract<Payload, { readonly kind: K }>;

/** A codec that takes any known payload; each is only ever given its own kind. */
export type AnyCodec = Codec<KnownPayload['kind'], KnownPayload>;

const byType: (AnyCodec | undefined)[] = new Array(256).fill(undefined);
const byKind = new Map<string, AnyCodec>();
for (const each of codecs) {
  byType[each.type] = each as AnyCodec;
  byKind.set(each.kind, each as AnyCodec);
}

/** Undefined for a payload type we do not know. */
export const codecOfType = (type: number): AnyCodec | undefined => byType[type];

export function codecOfKind(kind: KnownPayload['kind']): AnyCodec {
  const found = byKind.get(kind);
  if (found === undefined) throw new RangeError(`no payload kind ${kind}`);
  return found;
}
