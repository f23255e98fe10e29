/** A suite of the bench: proposals for IKE, and for ESP where they are not the same ciphers. */
import type { EspProposal, IkeProposal } from '../policy/proposal.ts';
import { parseEspProposals, parseIkeProposals } from '../policy/proposal-text.ts';

export interface Suite {
  readonly ike: readonly IkeProposal[];
  readonly esp: readonly EspProposal[];
}

/**
 * `aes128gcm16-prfsha256-x25519` or `aes128-sha256-modp2048/aes128gcm16`: without a `/` the children have the ciphers of
 * IKE. Throws ProposalTextError.
 */
export function parseSuite(text: string): Suite {
  const [ikeText = '', espText] = text.split('/', 2);
  const ike = parseIkeProposals(ikeText);
  return { ike, esp: espText === undefined ? ike.map(sameCiphers) : parseEspProposals(espText) };
}

const sameCiphers = ({ encr, integ }: IkeProposal): EspProposal => ({ encr, integ, ke: [], esn: [false] });
