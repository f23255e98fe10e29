/** From an IKE SA to the one a rekey made, and what happens when both ends rekey at once. RFC 7296 §2.8, §2.25.2. */
import type { Failure } from './actions.ts';
import type { Services } from './context.ts';
import type { IkeSa } from './ike-sa.ts';

/** Replaced IKE SAs of one peer that wait for their Deletes: of more, the oldest goes without. */
const mostReplaced = 8;

export class Succession {
  readonly #services: Services;
  readonly #sa: IkeSa;
  /** Made by the peer's rekey while ours is under way. */
  #peers: { readonly heir: IkeSa; readonly lowest: string } | undefined;
  /** Who is in charge instead, and whom this SA is in charge for, while they live. */
  #heir: IkeSa | undefined;
  readonly #replaced = new Set<IkeSa>();

  constructor(services: Services, sa: IkeSa) {
    this.#services = services;
    this.#sa = sa;
  }

  /** The peer's heir waits for the end of our own rekey. */
  get pending(): boolean {
    return this.#peers !== undefined;
  }

  /** Our rekey is concluded. The SA with the lowest of the four nonces loses; who made it deletes it. */
  ours(heir: IkeSa, lowest: string): void {
    this.#services.add(heir);
    const theirs = this.#peers;
    if (theirs && lowest < theirs.lowest) {
      this.#pass(theirs.heir);
      heir.succession.#follow(theirs.heir);
      heir.leave({ code: 'REPLACED', text: 'lost to the peer’s simultaneous rekey' });
      return;
    }
    this.#pass(heir);
    this.#sa.leave({ code: 'REPLACED', text: 'rekeyed' });
  }

  /** The peer's rekey is answered: it takes over now, or when ours has ended. */
  theirs(heir: IkeSa, lowest: string): void {
    this.#services.add(heir);
    if (this.#sa.doing.what === 'rekey-ike') this.#peers = { heir, lowest };
    else this.#pass(heir);
  }

  /** Our own rekey came to nothing, or this SA dies: the peer's heir is the one. */
  fallBack(): void {
    const heir = this.#peers?.heir;
    if (heir?.phase.name === 'established' && this.#sa.children.owner === this.#sa) this.#pass(heir);
  }

  /** This SA is dead, and with it those that wait for a Delete after it: nothing is left to be said about them. */
  end(why: Failure): void {
    if (this.#heir) this.#heir.succession.#replaced.delete(this.#sa);
    for (const replaced of [...this.#replaced]) replaced.die(why);
    this.#heir = this.#peers = undefined;
  }

  #follow(heir: IkeSa): void {
    this.#heir = heir;
    const { succession } = heir;
    succession.#replaced.add(this.#sa);
    const [oldest] = succession.#replaced;
    if (oldest === undefined || succession.#replaced.size <= mostReplaced) return;
    oldest.die({ code: 'REPLACED', text: 'rekeyed; too many wait for a Delete' });
    this.#services.forget(oldest);
  }

  #pass(heir: IkeSa): void {
    this.#sa.children.passTo(heir);
    this.#sa.replaced();
    // Those that wait already come first: they are the older ones.
    for (const replaced of [...this.#replaced]) replaced.succession.#follow(heir);
    this.#replaced.clear();
    this.#follow(heir);
    if (this.#peers && this.#peers.heir !== heir) {
      this.#peers.heir.replaced();
      this.#peers.heir.succession.#follow(heir);
    }
    heir.takeOver(this.#sa.takeWants());
    this.#services.emit({ kind: 'ikeRekeyed', sa: this.#sa.name, by: heir.name });
    if (this.#sa.leaving) heir.leave(this.#sa.leaving);
  }
}

/** Established, and no heir that waits for our own rekey of the same SA. */
export const inCharge = (sa: IkeSa): boolean => sa.phase.name === 'established' && sa.children.owner === sa;
