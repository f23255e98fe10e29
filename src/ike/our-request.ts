/** Our one outstanding request, and the ordered list of what we want next. RFC 7296 §2.1-2.4. */
import { type Message, notifies } from '../wire/message.ts';
import { ExchangeType, NotifyType } from '../wire/numbers.ts';
import type { Payload } from '../wire/payloads/index.ts';
import type { Failure, Path } from './actions.ts';
import type { Services } from './context.ts';
import type { Envelope, Opened } from './envelope.ts';
import {
  BadResponse,
  errorNotify,
  failureOf,
  isExpected,
  LabelDenied,
  LocalFailure,
  NotifyError,
  PeerRefused,
} from './errors.ts';
import { type About, fits, type Outstanding, type Want } from './exchange.ts';
import { ikeDelete } from './exchanges/index.ts';
import type { IkeSa } from './ike-sa.ts';
import { run, type Waiting } from './steps.ts';
import type { Window } from './window.ts';

/** How long until another look at whether our own steps are through. */
const workingMillis = 1_000;

const defaults = { interval: 500, timeout: 60_000 };

export class OurRequest {
  readonly #services: Services;
  readonly #sa: IkeSa;
  readonly #envelope: Envelope;
  readonly #window: Window;
  #wants: Want[] = [];
  #outstanding: Outstanding | undefined;
  #waiting: Waiting | undefined;
  #attempts = 0;
  /** What the peer said in clear: the reason reported if nothing better comes (§2.21.1). */
  #remembered: Failure | undefined;

  constructor(services: Services, sa: IkeSa, envelope: Envelope, window: Window) {
    this.#services = services;
    this.#sa = sa;
    this.#envelope = envelope;
    this.#window = window;
  }

  /** What the exchange under way changes. */
  get doing(): About {
    return this.#outstanding?.about ?? { what: 'nothing' };
  }

  /** A request of ours is under way. */
  get busy(): boolean {
    return this.#outstanding !== undefined || this.#waiting !== undefined;
  }

  /** Equal keys merge. */
  want(want: Want): void {
    if (this.#wants.some(({ key }) => key === want.key)) return;
    this.#wants.push(want);
    this.proceed();
  }

  /** Drops what waits its turn; what is on its way stays. */
  forgetWants(): void {
    this.#wants = [];
  }

  /** Hands what waits its turn to the SA that takes over. */
  takeWants(): Want[] {
    return this.#wants.splice(0);
  }

  /** Takes over an IKE_SA_INIT request sent before, to try another response to it. §2.4. */
  adopt(outstanding: Outstanding): void {
    this.#outstanding = outstanding;
    this.#window.sent(0, [], this.#services.now, 0, 0);
  }

  proceed(): void {
    if (this.busy || this.#sa.phase.name === 'dead') return;
    let next = this.#wants.shift();
    while (next?.obsolete?.(this.#sa)) next = this.#wants.shift();
    if (next === undefined) return;
    const want = next;
    this.#waiting = run(
      this.#services,
      this.#sa,
      (cx) => want.begin(this.#sa, cx),
      (outstanding) => this.#sa.guard(() => this.#send(outstanding)),
      (error) => this.#sa.guard(() => this.#notBegun(want, error)),
    );
  }

  receive({ header, payloads: outer }: Message, octets: Uint8Array, path: Path): void {
    const sa = this.#sa;
    const outstanding = this.#outstanding;
    const expected = outstanding?.type === header.exchange && header.messageId === this.#window.outstanding;
    if (outstanding === undefined || !expected || this.#waiting !== undefined) {
      return sa.drop('stale-message-id', path, `response ${header.messageId}`);
    }
    const clear = sa.phase.name === 'init';
    if (clear && path.remote.address !== sa.path.remote.address)
      return sa.drop('address', path, 'not the address we asked');
    let opened: Opened | undefined;
    try {
      opened = this.#envelope.open(header, octets, outer, path);
    } catch (error) {
      // What is authentic and breaks the grammar does not get better by asking again.
      return this.#notConcluded(outstanding, error, clear);
    }
    if (opened === undefined) return;
    const { payloads } = opened;
    this.#envelope.announce('in', header, payloads, path);
    sa.heard(path);
    const asked = sa.remoteSpi;
    if (clear) {
      sa.remoteSpi = header.responderSpi;
      sa.opening.response = octets;
    }
    this.#waiting = run(
      this.#services,
      sa,
      (cx) => {
        if (clear)
          cx.onThrow(() => {
            sa.remoteSpi = asked;
          });
        refuseFatal(sa, outstanding, payloads);
        const critical = payloads.find((payload) => payload.kind === 'unknown' && payload.critical);
        if (critical) throw new BadResponse(`${outstanding.story}: unknown critical payload in the response`);
        if (!fits(outstanding.response, payloads))
          throw new BadResponse(`${outstanding.story}: payloads missing in the response`);
        return outstanding.conclude(sa, payloads, cx);
      },
      (next) => sa.guard(() => this.#concluded(outstanding, next)),
      (error) => sa.guard(() => this.#notConcluded(outstanding, error, clear)),
    );
  }

  /** The `retransmit` timer. */
  retransmit(): void {
    const outstanding = this.#outstanding;
    // The response is here and its steps wait for the world: the peer has nothing to add.
    if (this.#waiting !== undefined) {
      return this.#services.timers.set(this.#sa, 'retransmit', this.#services.now + workingMillis);
    }
    const again = this.#window.retransmit(this.#services.now);
    if (outstanding === undefined) return;
    if (again === undefined) {
      const { phase } = this.#sa;
      if (phase.name === 'deleting') return this.#sa.die(phase.why);
      const silence = `${outstanding.story}: no answer from ${this.#sa.path.remote.address} to ${this.#attempts} tries`;
      return this.#sa.die(this.#remembered ?? { code: 'TIMEOUT', text: silence });
    }
    this.#attempts++;
    this.#services.timers.set(this.#sa, 'retransmit', again.again);
    const message = { exchange: outstanding.type, response: false, messageId: this.#window.outstanding ?? 0 };
    this.#envelope.announce('out', message, outstanding.payloads, this.#sa.path, true);
    this.#envelope.transmit(again.octets, this.#sa.path);
  }

  /** The SA dies. */
  stop(): void {
    this.#waiting?.stop();
    this.#outstanding?.abandon();
    this.#waiting = this.#outstanding = undefined;
    this.#wants = [];
  }

  #send(outstanding: Outstanding): void {
    const sa = this.#sa;
    this.#waiting = undefined;
    // First of all: what follows may throw, and what it holds is then given back by `stop`.
    this.#outstanding = outstanding;
    const opening = outstanding.type === ExchangeType.IKE_SA_INIT;
    const messageId = this.#window.idFor(opening);
    const octets = this.#envelope.seal(outstanding.type, false, messageId, outstanding.payloads);
    if (opening) sa.opening = { ...sa.opening, request: octets[0] ?? new Uint8Array(0), path: sa.path };
    this.#attempts = 1;
    const { interval, timeout } = sa.entry?.retransmit ?? defaults;
    this.#services.timers.set(
      sa,
      'retransmit',
      this.#window.sent(messageId, octets, this.#services.now, interval, timeout),
    );
    this.#envelope.announce(
      'out',
      { exchange: outstanding.type, response: false, messageId },
      outstanding.payloads,
      sa.path,
    );
    this.#envelope.transmit(octets, sa.path);
  }

  #concluded(outstanding: Outstanding, next: Outstanding | undefined): void {
    const sa = this.#sa;
    this.#settle();
    // For another response to the same request, should one come.
    if (outstanding.type === ExchangeType.IKE_SA_INIT && sa.phase.name === 'authenticating')
      sa.opening.outstanding = outstanding;
    if (next !== undefined) return this.#send(next);
    if (sa.phase.name === 'deleting' && this.#wants.length === 0) return sa.die(sa.phase.why);
    sa.concluded();
  }

  #notConcluded(outstanding: Outstanding, error: unknown, clear: boolean): void {
    this.#waiting = undefined;
    if (!isExpected(error)) throw error;
    const sa = this.#sa;
    const failure = sa.leaving ?? failureOf(error);
    if (clear && !(error instanceof LocalFailure)) {
      // In clear and from nobody known: the wait goes on to its end, and this is then the reason (§2.21.1).
      this.#remembered = failure;
      sa.progress(outstanding.story, `${failure.text}; waiting for a better answer`);
      return;
    }
    this.#settle();
    outstanding.abandon();
    if (sa.phase.name === 'deleting') sa.die(sa.phase.why);
    else if (error instanceof PeerRefused) sa.die(failure);
    else sa.leave(failure, farewell(error, outstanding));
  }

  #notBegun(want: Want, error: unknown): void {
    this.#waiting = undefined;
    if (!isExpected(error)) throw error;
    if (error instanceof LabelDenied) return this.#denied(want, failureOf(error));
    this.#sa.die(failureOf(error));
  }

  /** Nothing was sent, and the IKE SA goes on. */
  #denied(want: Want, reason: Failure): void {
    const { name, connection = '' } = this.#sa;
    this.#services.emit({ kind: 'labelRefused', sa: name, connection, reason });
    this.#services.afterwards(() =>
      this.#sa.guard(() => {
        want.denied?.(reason);
        this.proceed();
      }),
    );
  }

  #settle(): void {
    this.#waiting = this.#outstanding = undefined;
    this.#window.concluded();
    this.#services.timers.clear(this.#sa, 'retransmit');
  }
}

/** INVALID_SYNTAX is the end of the IKE SA at both ends, without a Delete. RFC 7296 §2.21.3. */
function refuseFatal({ phase }: IkeSa, { story }: Outstanding, response: readonly Payload[]): void {
  const authenticated = phase.name !== 'init' && phase.name !== 'authenticating';
  if (authenticated && notifies(response, NotifyType.INVALID_SYNTAX).length > 0)
    throw new PeerRefused(NotifyType.INVALID_SYNTAX, `our request, ${story}`);
}

/**
 * What the peer is told when its answer is no good: an error of its own, or that the IKE SA is over. After its answer to
 * our rekey of the IKE SA it believes in an heir that we know no keys of: the error beside the Delete means that one, too.
 */
function farewell(error: Error, { about }: Outstanding): Payload[] {
  if (error instanceof NotifyError) return [errorNotify(error), ikeDelete];
  return about.what === 'rekey-ike' ? [errorNotify(error), ikeDelete] : [ikeDelete];
}
