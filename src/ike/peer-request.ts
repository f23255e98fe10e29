/** The peer's next request: told from retransmissions, answered by an exchange, remembered. RFC 7296 §2.1-2.3. */
import { describe } from '../wire/describe.ts';
import type { Header } from '../wire/header.ts';
import type { Message } from '../wire/message.ts';
import { ExchangeType, NotifyType } from '../wire/numbers.ts';
import type { Payload } from '../wire/payloads/index.ts';
import type { Path } from './actions.ts';
import type { Services } from './context.ts';
import type { Envelope, Opened } from './envelope.ts';
import { errorNotify, failureOf, isExpected, NotifyError } from './errors.ts';
import { refuseCritical } from './exchange.ts';
import { responderFor } from './exchanges/index.ts';
import type { IkeSa } from './ike-sa.ts';
import { isKeyed } from './phase.ts';
import { run, type Waiting } from './steps.ts';
import type { Window } from './window.ts';

export class PeerRequest {
  readonly #services: Services;
  readonly #sa: IkeSa;
  readonly #envelope: Envelope;
  readonly #window: Window;
  #steps: Waiting | undefined;

  constructor(services: Services, sa: IkeSa, envelope: Envelope, window: Window) {
    this.#services = services;
    this.#sa = sa;
    this.#envelope = envelope;
    this.#window = window;
  }

  receive({ header, payloads }: Message, octets: Uint8Array, path: Path): void {
    const sa = this.#sa;
    const last = payloads.at(-1);
    const verdict = this.#window.judge(
      header.messageId,
      octets,
      last?.kind === 'fragment' && last.number > 1,
    );
    if (verdict.kind === 'replay') return this.#envelope.transmit(verdict.response, path);
    if (verdict.kind === 'waiting') return sa.drop('waiting', path, `request ${header.messageId}`);
    if (verdict.kind !== 'new')
      return sa.drop(`${verdict.kind}-message-id`, path, `request ${header.messageId}`);
    if (sa.phase.name === 'dead') return sa.drop('unknown-spi', path, 'the SA is dead');
    let opened: Opened | undefined;
    try {
      opened = this.#envelope.open(header, octets, payloads, path);
    } catch (error) {
      this.#window.answering(header.messageId, octets);
      return this.#refuse(header, path, error);
    }
    if (opened !== undefined) this.#answer(header, opened, path);
  }

  get waiting(): boolean {
    return this.#steps !== undefined;
  }

  /** The SA dies: no answer any more. */
  stop(): void {
    this.#steps?.stop();
    this.#steps = undefined;
  }

  #answer(header: Header, { payloads, datagram }: Opened, path: Path): void {
    const sa = this.#sa;
    this.#envelope.announce('in', header, payloads, path);
    const responder = responderFor(sa, header.exchange, payloads);
    if (responder === undefined && sa.phase.name !== 'established') {
      return sa.drop('unexpected', path, describe({ header, payloads }));
    }
    sa.heard(path);
    this.#window.answering(header.messageId, datagram);
    if (header.exchange === ExchangeType.IKE_SA_INIT) sa.opening.request = datagram;
    this.#steps = run(
      this.#services,
      sa,
      (cx) => {
        refuseCritical(payloads);
        if (responder === undefined) {
          throw new NotifyError(
            NotifyType.INVALID_SYNTAX,
            `${describe({ header, payloads })} fits no exchange`,
          );
        }
        return responder.respond(sa, payloads, cx);
      },
      (answer) => sa.guard(() => this.#respond(header, answer, path)),
      (error) => sa.guard(() => this.#refuse(header, path, error)),
    );
  }

  #respond(header: Header, payloads: readonly Payload[], path: Path): void {
    this.#steps = undefined;
    const octets = this.#send(header, payloads, path);
    if (header.exchange === ExchangeType.IKE_SA_INIT)
      this.#sa.opening.response = octets[0] ?? new Uint8Array(0);
    this.#sa.answered();
  }

  /** Answers with an error notify; the SA dies unless the error is a child's alone. */
  #refuse(header: Header, path: Path, error: unknown): void {
    this.#steps = undefined;
    if (!isExpected(error)) throw error;
    const { phase } = this.#sa;
    const authenticated = isKeyed(phase) && phase.name !== 'authenticating';
    const childOnly = error instanceof NotifyError && error.scope === 'child' && authenticated;
    this.#send(header, [errorNotify(error)], path);
    if (childOnly && error.label)
      this.#services.emit({
        kind: 'labelRefused',
        sa: this.#sa.name,
        connection: this.#sa.connection ?? '',
        reason: failureOf(error),
      });
    if (childOnly) this.#sa.answered();
    else this.#sa.die(failureOf(error));
  }

  #send(header: Header, payloads: readonly Payload[], path: Path): Uint8Array[] {
    const octets = this.#envelope.seal(header.exchange, true, header.messageId, payloads);
    this.#window.answered(header.messageId, octets);
    this.#envelope.announce('out', { ...header, response: true }, payloads, path);
    this.#envelope.transmit(octets, path);
    return octets;
  }
}
