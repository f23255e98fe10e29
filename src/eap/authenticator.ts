/** The authenticator of an EAP conversation, the responder of IKE_AUTH, its own back end. RFC 3748 §2, §4, §5. */
import { EapCode, EapType, nameOf } from '../wire/numbers.ts';
import type { AuthenticatorMethod, AuthenticatorOffer, AuthenticatorStep } from './method.ts';
import { after, Budget, type EapPacket, type EapSession, type Limits, type Turn } from './session.ts';
import { nameOf as nameOfPeer } from './text.ts';

export interface AuthenticatorOptions {
  /** Whom the peer is taken for without asking (IDi, RFC 7296 §2.16); absent: an Identity request comes first. */
  readonly identity?: string;
  /** The methods for this identity, the preferred one first. */
  methods(identity: string): readonly AuthenticatorOffer[];
  /** Of the first Request, 0 to 255. */
  readonly identifier?: number;
  readonly limits?: Limits;
}

/** A conversation that begins with `turn()`. */
export function eapAuthenticator(options: AuthenticatorOptions): EapSession {
  return new Authenticator(options);
}

interface Running {
  readonly name: 'method';
  readonly type: number;
  readonly method: AuthenticatorMethod;
  readonly identity: string;
  /** What a Nak may still choose; none left once the peer took the method up. */
  readonly others: readonly AuthenticatorOffer[];
}

type Phase = { readonly name: 'new' } | { readonly name: 'identity' } | { readonly name: 'over' } | Running;

class Authenticator implements EapSession {
  readonly #options: AuthenticatorOptions;
  readonly #budget: Budget;
  #phase: Phase = { name: 'new' };
  /** Of the Request that is out. */
  #identifier: number;

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
    this.#budget = new Budget(options.limits);
    this.#identifier = (options.identifier ?? 0) & 0xff;
  }

  turn(packet?: EapPacket): Turn | Promise<Turn> {
    const phase = this.#phase;
    if (phase.name === 'over') return { outcome: { ok: false, reason: 'the EAP conversation is over' } };
    if (phase.name === 'new') return packet === undefined ? this.#begin() : this.#fail('EAP before its time');
    const wrong = packet === undefined ? 'EAP begins twice' : this.#wrong(packet);
    if (packet === undefined || wrong !== undefined) return this.#fail(wrong ?? '');
    const type = packet.type ?? 0;
    if (phase.name === 'identity') return this.#identity(type, packet.data);
    if (type === EapType.NAK) return this.#nak(phase, packet.data);
    if (type !== phase.type)
      return this.#fail(`${nameOf(EapType, type)} answers ${nameOf(EapType, phase.type)}`);
    return after(phase.method.response(packet.data, this.#next()), (step) => this.#take(phase, step));
  }

  close(): void {
    if (this.#phase.name === 'method') this.#phase.method.close();
    this.#phase = { name: 'over' };
  }

  #begin(): Turn {
    const { identity } = this.#options;
    if (identity !== undefined) return this.#start(identity, this.#options.methods(identity));
    this.#phase = { name: 'identity' };
    return this.#request(this.#identifier, EapType.IDENTITY, new Uint8Array(0));
  }

  #wrong(packet: EapPacket): string | undefined {
    if (packet.code !== EapCode.RESPONSE) return `an EAP ${nameOf(EapCode, packet.code)} to an authenticator`;
    // The IKE window has dropped the old ones: what comes with another Identifier is no answer to what was asked.
    if (packet.identifier !== this.#identifier)
      return `EAP Identifier ${packet.identifier} answers ${this.#identifier}`;
    return this.#budget.spend(packet);
  }

  #identity(type: number, data: Uint8Array): Turn {
    if (type !== EapType.IDENTITY) return this.#fail(`${nameOf(EapType, type)} answers an Identity request`);
    const identity = nameOfPeer(data);
    if (identity === undefined) return this.#fail('the identity is not text');
    return this.#start(identity, this.#options.methods(identity));
  }

  /** Legacy Nak, only in answer to a method's first Request. RFC 3748 §5.3.1. */
  #nak(phase: Running, data: Uint8Array): Turn {
    const wanted = phase.others.filter(({ type }) => data.includes(type));
    const names = [...data.subarray(0, 8)].map((type) => nameOf(EapType, type)).join(' ');
    if (wanted.length === 0)
      return this.#fail(`the peer refuses ${nameOf(EapType, phase.type)} and offers ${names || 'nothing'}`);
    phase.method.close();
    return this.#start(phase.identity, wanted);
  }

  #start(identity: string, offers: readonly AuthenticatorOffer[]): Turn {
    const [offer, ...others] = offers;
    if (offer === undefined) return this.#fail('no EAP method for this identity');
    const method = offer.start();
    this.#phase = { name: 'method', type: offer.type, method, identity, others };
    const identifier = this.#next();
    return this.#request(identifier, offer.type, method.begin(identifier));
  }

  #take(phase: Running, step: AuthenticatorStep): Turn {
    if (this.#phase !== phase) return { outcome: { ok: false, reason: 'the EAP conversation is over' } };
    if ('request' in step) {
      this.#phase = { ...phase, others: [] };
      const { request, failing } = step;
      return {
        ...this.#request(this.#next(), phase.type, request),
        ...(failing !== undefined && { failing }),
      };
    }
    const { ended } = step;
    if (!ended.ok) return this.#fail(ended.reason);
    const { msk, identity = phase.identity } = ended;
    this.close();
    return {
      packet: { code: EapCode.SUCCESS, identifier: this.#identifier, data: new Uint8Array(0) },
      outcome: { ok: true, method: phase.type, identity, ...(msk && { msk }) },
    };
  }

  #next(): number {
    return (this.#identifier + 1) & 0xff;
  }

  #request(identifier: number, type: number, data: Uint8Array): Turn {
    this.#identifier = identifier;
    return { packet: { code: EapCode.REQUEST, identifier, type, data } };
  }

  /** A Failure has the Identifier of what it answers. RFC 3748 §4.2. */
  #fail(reason: string): Turn {
    this.close();
    return {
      packet: { code: EapCode.FAILURE, identifier: this.#identifier, data: new Uint8Array(0) },
      outcome: { ok: false, reason },
    };
  }
}
