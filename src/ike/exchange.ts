/** What an exchange is: a request and its response, both roles in one value. */

import { NotifyType } from '../wire/numbers.ts';
import type { Payload } from '../wire/payloads/index.ts';
import type { Answer, Ask, Failure } from './actions.ts';
import type { ChildSa } from './child-sa.ts';
import type { Context } from './context.ts';
import { NotifyError } from './errors.ts';
import type { IkeSa } from './ike-sa.ts';
import type { PhaseName } from './phase.ts';

/** A step is a plain value, or a generator that yields what it must ask the world. Synchronous either way. */
export type Steps<T> = T | Generator<Ask, T, Answer>;

export interface Shape {
  /** Kinds that must be there; anything else known is accepted. */
  readonly required: readonly Payload['kind'][];
}

/** How we answer one kind of request. */
export interface Responder {
  /** The story: the name in every log line. */
  readonly name: string;
  readonly type: number;
  readonly phases: readonly PhaseName[];
  readonly request: Shape;
  /** Tells variants of one wire type apart. */
  matches?(sa: IkeSa, request: readonly Payload[]): boolean;
  respond(sa: IkeSa, request: readonly Payload[], cx: Context): Steps<Payload[]>;
}

export interface Exchange<Wanted, Held> extends Responder {
  readonly response: Shape;
  initiate(sa: IkeSa, want: Wanted, cx: Context): Steps<{ payloads: Payload[]; held: Held }>;
  /** Takes the response; returns the next exchange if the protocol has one. */
  conclude(sa: IkeSa, held: Held, response: readonly Payload[], cx: Context): Steps<Outstanding | undefined>;
  abandon?(sa: IkeSa, held: Held): void;
  /** What of the SA it changes, for the rules of simultaneous exchanges (§2.25). */
  about?(held: Held): About;
}

/** What an exchange of ours is about. `child` is the one rekeyed or deleted. */
export type About =
  | { readonly what: 'create' }
  | { readonly what: 'rekey' | 'close'; readonly child: ChildSa }
  | { readonly what: 'rekey-ike' | 'close-ike' | 'nothing' };

/** A request of ours on its way, with what its exchange holds closed over. */
export interface Outstanding {
  readonly story: string;
  readonly type: number;
  readonly payloads: readonly Payload[];
  readonly response: Shape;
  readonly about: About;
  /** `of` is the SA the response came to: another than asked when several are tried (§2.4). */
  conclude(of: IkeSa, response: readonly Payload[], cx: Context): Steps<Outstanding | undefined>;
  abandon(): void;
}

/** What we want next of an IKE SA. Equal keys merge. */
export interface Want {
  readonly key: string;
  begin(sa: IkeSa, cx: Context): Steps<Outstanding>;
  /** Its label may not be used any more: it was not begun. */
  denied?(reason: Failure): void;
  /** Whether what came meanwhile has made it pointless. */
  obsolete?(sa: IkeSa): boolean;
}

/** Makes the request of an exchange. */
export function start<W, H>(exchange: Exchange<W, H>, sa: IkeSa, want: W, cx: Context): Steps<Outstanding> {
  return map(exchange.initiate(sa, want, cx), ({ payloads, held }) => ({
    story: exchange.name,
    type: exchange.type,
    payloads,
    response: exchange.response,
    about: exchange.about?.(held) ?? { what: 'nothing' },
    conclude: (of, response, at) => exchange.conclude(of, held, response, at),
    abandon: () => exchange.abandon?.(sa, held),
  }));
}

export function isGenerator<T>(steps: Steps<T>): steps is Generator<Ask, T, Answer> {
  return typeof steps === 'object' && steps !== null && Symbol.iterator in steps && 'next' in steps;
}

export function* stepsOf<T>(steps: Steps<T>): Generator<Ask, T, Answer> {
  return isGenerator(steps) ? yield* steps : steps;
}

function map<A, B>(steps: Steps<A>, then: (value: A) => B): Steps<B> {
  return isGenerator(steps) ? mapGenerator(steps, then) : then(steps);
}

function* mapGenerator<A, B>(
  steps: Generator<Ask, A, Answer>,
  then: (value: A) => B,
): Generator<Ask, B, Answer> {
  return then(yield* steps);
}

export const fits = (shape: Shape, payloads: readonly Payload[]): boolean =>
  shape.required.every((kind) => payloads.some((payload) => payload.kind === kind));

/** Throws UNSUPPORTED_CRITICAL_PAYLOAD naming the payload's type. RFC 7296 §2.5. */
export function refuseCritical(payloads: readonly Payload[]): void {
  for (const payload of payloads) {
    if (payload.kind !== 'unknown' || !payload.critical) continue;
    throw new NotifyError(NotifyType.UNSUPPORTED_CRITICAL_PAYLOAD, `payload ${payload.type}`, {
      data: Uint8Array.of(payload.type),
      scope: 'child',
    });
  }
}
