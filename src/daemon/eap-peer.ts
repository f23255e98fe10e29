/** Whether who EAP-TLS shows is who it must be: the rules of a certificate that signs AUTH. RFC 5216 §5.3, RFC 7296 §2.16. */
import type { Answer, Question } from '../ike/actions.ts';
import { type Chain, nothingFetched, type Trust } from '../ike/auth/trust.ts';
import { type Acceptance, identityMatches } from '../pki/index.ts';
import { formatIdentity, type Identity } from '../policy/identity.ts';
import type { PeerKeys, RevocationPolicy } from '../policy/policy.ts';

export type RevocationQuestions = Extract<Question, { kind: 'revocation' }>;

export interface PeerRules {
  readonly trust: Trust;
  readonly keys: PeerKeys | undefined;
  readonly claimed: Identity;
  readonly revocation: RevocationPolicy;
  /** Unix seconds. */
  readonly at: () => number;
  /** Has CRLs and OCSP responses fetched. */
  readonly ask: (question: RevocationQuestions) => Answer | Promise<Answer>;
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
    if (keys?.certificate && !same(keys.certificate, leaf.der))
      return `${formatIdentity(claimed)} showed another certificate than the one known of it`;
    if (keys && keys.raw.length > 0 && !keys.raw.some((spki) => same(spki, leaf.spki)))
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
    if (needed.length > 0 && (revocation.crlTimeout > 0 || revocation.ocsp !== 'off')) {
      const answer = await ask(questionsOf(verdict, revocation));
      if (answer.ok) {
        const fetched = trust.read(answer.crls ?? [], answer.ocspResponses ?? []);
        const again = trust.judge(chain, keys, at(), fetched);
        if (!again.ok) return `the certificate is not trusted: ${again.text}`;
        needed = again.needed;
      }
    }
    const strict = revocation.crlStrict || revocation.ocsp === 'strict';
    return strict && needed.length > 0
      ? 'whether the certificate is revoked is not known, and must be'
      : undefined;
  }
}

const questionsOf = (
  { needed, path }: Acceptance,
  { crlTimeout, ocsp, ocspUri }: RevocationPolicy,
): RevocationQuestions => ({
  kind: 'revocation',
  of: needed.map((certificate) => ({
    certificate: certificate.der,
    issuer: (path[path.indexOf(certificate) + 1] ?? certificate).der,
    crlUris: crlTimeout > 0 ? certificate.crlUris : [],
    ocspUris: ocsp === 'off' ? [] : ocspUri ? [ocspUri] : certificate.ocspUris,
  })),
});

const same = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((octet, at) => octet === b[at]);
