/** The peer of an EAP conversation, the initiator of IKE_AUTH. RFC 3748 §2, §4, §5. */
import { EapCode, EapType, nameOf } from '../wire/numbers.ts';
import type { MethodEnd, PeerMethod, PeerOffer, PeerStep } from './method.ts';
import { after, Budget, type EapPacket, type EapSession, type Limits, type Turn } from './session.ts';
import { octetsOf, shown } from './text.ts';

export interface PeerOptions {
  /** Answers an Identity request. */
  readonly identity: string;
  /** In order of preference: what a Nak asks for. */
  readonly methods: readonly PeerOffer[];
  readonly limits?: Limits;
}

/** A conversation that answers; it never begins. */
export function eapPeer(options: PeerOptions): EapSession {
  return new Peer(options);
}

type Phase =
  | { readonly name: 'choosing' }
  /** `ended` is the method's own view; only a Success or a Failure ends the conversation. */
  | {
      readonly name: 'method';
      readonly type: number;
      readonly method: PeerMethod;
      readonly ended?: MethodEnd;
    }
  | { readonly name: 'over' };

class Peer implements EapSession {
  readonly #options: PeerOptions;
  readonly #budget: Budget;
  #phase: Phase = { name: 'choosing' };

  constructor(options: PeerOptions) {
    this.#options = options;
    this.#budget = new Budget(options.limits);
  }

  turn(packet?: EapPacket): Turn | Promise<Turn> {
    if (this.#phase.name === 'over') return this.#fail('the EAP conversation is over');
    if (packet === undefined) return this.#fail('a peer does not begin');
    const spent = this.#budget.spend(packet);
    if (spent !== undefined) return this.#fail(spent);
    switch (packet.code) {
      case EapCode.REQUEST:
        return this.#request(packet);
      // Not compared: the Identifier of these two. SK protects them, and some authenticators count it up.
      case EapCode.SUCCESS:
        return this.#success();
      case EapCode.FAILURE:
        return this.#failure();
      default:
        return this.#fail(`an EAP ${nameOf(EapCode, packet.code)} to a peer`);
    }
  }

  close(): void {
    const phase = this.#phase;
    if (phase.name === 'method' && phase.ended?.ok) phase.ended.msk?.destroy();
    this.#end();
  }

  #request(packet: EapPacket): Turn | Promise<Turn> {
    const { type, data, identifier } = packet;
    if (type === EapType.NOTIFICATION) {
      return { ...reply(identifier, type, new Uint8Array(0)), notice: shown(data) };
    }
    if (this.#phase.name === 'method') return this.#continue(this.#phase, packet);
    if (type === EapType.IDENTITY) return reply(identifier, type, octetsOf(this.#options.identity));
    if (type === undefined || type === EapType.NAK) return this.#fail('an EAP Request of no method');
    const offer = this.#options.methods.find((each) => each.type === type);
    // Type 254 of a vendor too: who knows no expanded types answers with the legacy Nak (RFC 3748 §5.7).
    if (offer === undefined) return reply(identifier, EapType.NAK, this.#desired());
    const phase: Phase = { name: 'method', type, method: offer.start() };
    this.#phase = phase;
    return this.#continue(phase, packet);
  }

  #continue(phase: Phase & { name: 'method' }, { type, data, identifier }: EapPacket): Turn | Promise<Turn> {
    // A method once answered is not left for another. RFC 3748 §2.1.
    if (type !== phase.type)
      return this.#fail(`the authenticator left ${nameOf(EapType, phase.type)} before its end`);
    return after(phase.method.request(data, identifier), (step) => this.#take(phase, step, identifier));
  }

  #take(phase: Phase & { name: 'method' }, step: PeerStep, identifier: number): Turn {
    if (this.#phase !== phase) return this.#fail('the EAP conversation is over');
    if ('refused' in step) return this.#fail(step.refused);
    const ended = step.ended ?? phase.ended;
    this.#phase = { name: 'method', type: phase.type, method: phase.method, ...(ended && { ended }) };
    return reply(identifier, phase.type, step.reply);
  }

  #success(): Turn {
    const phase = this.#phase;
    // Anyone can say Success: only a method that came to its end makes it true. RFC 3748 §4.2.
    if (phase.name !== 'method' || phase.ended === undefined)
      return this.#fail('an EAP Success before the method came to its end');
    if (!phase.ended.ok) return this.#fail(phase.ended.reason);
    const { msk } = phase.ended;
    this.#end();
    return { outcome: { ok: true, method: phase.type, ...(msk && { msk }) } };
  }

  #failure(): Turn {
    const phase = this.#phase;
    if (phase.name !== 'method') return this.#fail('the authenticator refused');
    if (phase.ended?.ok === false) return this.#fail(phase.ended.reason);
    return this.#fail(`the authenticator refused ${nameOf(EapType, phase.type)}`);
  }

  #desired(): Uint8Array {
    const types = this.#options.methods.map(({ type }) => type);
    // 0: no alternative at all. RFC 3748 §5.3.1.
    return Uint8Array.from(types.length > 0 ? types : [0]);
  }

  #fail(reason: string): Turn {
    this.close();
    return { outcome: { ok: false, reason } };
  }

  #end(): void {
    if (this.#phase.name === 'method') this.#phase.method.close();
    this.#phase = { name: 'over' };
  }
}

const reply = (identifier: number, type: number, data: Uint8Array): { packet: EapPacket } => ({
  packet: { code: EapCode.RESPONSE, identifier, type, data },
});
