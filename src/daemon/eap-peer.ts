/** Whether who EAP-TLS shows is who it must be: the rules of a certificate that signs AUTH. RFC 5216 §5.3, RFC 7296 §2.16. */
import { sameOctets } from '../crypto/octets.ts';
import type { Answer } from '../ike/actions.ts';
import { fetchesStatus, type RevocationAsk, revocationAsk, wantsStatus } from '../ike/auth/revocation.ts';
import { type Chain, nothingFetched, type Trust } from '../ike/auth/trust.ts';
import { type Acceptance, identityMatches } from '../pki/index.ts';
import { formatIdentity, type Identity } from '../policy/identity.ts';
import type { PeerKeys, RevocationPolicy } from '../policy/policy.ts';

export interface PeerRules {
  readonly trust: Trust;
  readonly keys: PeerKeys | undefined;
  readonly claimed: Identity;
  readonly revocation: RevocationPolicy;
  /** Unix seconds. */
  readonly at: () => number;
  /** Has CRLs and OCSP responses fetched. */
  readonly ask: (question: RevocationAsk) => Answer | Promise<Answer>;
}

/** For one conversation: `unfit` while TLS runs, `revoked` when it is through. */
export class PeerCheck {
  readonly #rules: PeerRules;
  #shown: { readonly chain: Chain; readonly verdict: Acceptance } | undefined;

  constructor(rules: PeerRules) {
    this.#rules = rules;
  }

  /** Why a peer's certificates (DER, its own first) do not do; nothing is fetched. */
  unfit(certificates: readonly Uint8Array[]): string | undefined {
    const { trust, keys, claimed, at } = this.#rules;
    this.#shown = undefined;
    const [leaf, ...others] = certificates.map((der) => trust.parse(der));
    if (leaf === undefined) return 'the certificate is malformed';
    if (keys?.certificate && !sameOctets(keys.certificate, leaf.der))
      return `${formatIdentity(claimed)} showed another certificate than the one known of it`;
    if (keys && keys.raw.length > 0 && !keys.raw.some((spki) => sameOctets(spki, leaf.spki)))
      return `the certificate of ${formatIdentity(claimed)} has another key than the one known of it`;
    const chain = [leaf, ...others.filter((each) => each !== undefined)] as const;
    const verdict = trust.judge(chain, keys, at(), nothingFetched);
    if (!verdict.ok) return `the certificate is not trusted: ${verdict.text}`;
    if (!identityMatches(leaf, claimed)) return `the certificate is not for ${formatIdentity(claimed)}`;
    this.#shown = { chain, verdict };
    return undefined;
  }

  /** Why what was shown does not do after all, now that whether it is revoked was asked. */
  async revoked(): Promise<string | undefined> {
    if (this.#shown === undefined) return 'EAP-TLS showed no certificate';
    const { trust, keys, revocation, at, ask } = this.#rules;
    const { chain, verdict } = this.#shown;
    let { needed } = verdict;
    if (needed.length > 0 && fetchesStatus(revocation)) {
      const answer = await ask(revocationAsk(verdict, revocation));
      if (answer.ok) {
        const fetched = trust.read(answer.crls ?? [], answer.ocspResponses ?? []);
        const again = trust.judge(chain, keys, at(), fetched);
        if (!again.ok) return `the certificate is not trusted: ${again.text}`;
        needed = again.needed;
      }
    }
    return wantsStatus(revocation) && needed.length > 0
      ? 'whether the certificate is revoked is not known, and must be'
      : undefined;
  }
}
