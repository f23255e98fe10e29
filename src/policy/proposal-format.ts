/** Proposals as text, in the spelling of Libreswan or of strongSwan. */
import { Encr, Integ, KeyExchangeMethod, nameOf, Prf } from '../wire/numbers.ts';
import type { EncrChoice, EspProposal, IkeProposal } from './proposal.ts';
import { cipherNames, groupNames, type HashNames, hashNames } from './proposal-keywords.ts';

export type Spelling = 'libreswan' | 'strongswan';

/** `aes_gcm256-sha2_512-dh19` or `aes256gcm16-prfsha512-ecp256`: what `parseIkeProposals` reads back. */
export function formatIkeProposal(proposal: IkeProposal, spelling: Spelling): string {
  const encr = proposal.encr.map((each) => cipherText(each, spelling));
  const ke = proposal.ke.map((id) => groupText(id, spelling));
  const prf = proposal.prf.map((id) => prfText(id, spelling));
  if (spelling === 'strongswan') {
    const integ = proposal.integ.map((id) => integText(id, spelling));
    return [...encr, ...integ, ...prf, ...ke].join('-');
  }
  const derived = proposal.prf.map((id) => hashNames.find((each) => each.prf === id)?.integ);
  const same =
    derived.length === proposal.integ.length && proposal.integ.every((id, at) => id === derived[at]);
  const integ = same ? [] : proposal.integ.map(truncatedText);
  return [encr, integ, prf, ke]
    .filter((field) => field.length > 0)
    .map((field) => field.join('+'))
    .join('-');
}

/** What `parseEspProposals` reads back; Libreswan's spelling says nothing of extended sequence numbers. */
export function formatEspProposal(proposal: EspProposal, spelling: Spelling): string {
  const encr = proposal.encr.map((each) => cipherText(each, spelling));
  const integ = proposal.integ.map((id) => integText(id, spelling));
  const ke = proposal.ke.map((id) => groupText(id, spelling));
  if (spelling === 'strongswan') {
    return [...encr, ...integ, ...ke, ...proposal.esn.map((esn) => (esn ? 'esn' : 'noesn'))].join('-');
  }
  const protection = [encr, integ].filter((field) => field.length > 0).map((field) => field.join('+'));
  return [protection.join('-'), ...(ke.length > 0 ? [ke.join('+')] : [])].join(';');
}

function cipherText({ id, keyBits }: EncrChoice, spelling: Spelling): string {
  const names = cipherNames.find((each) => each.id === id);
  const name = names?.[spelling][0] ?? nameOf(Encr, id).toLowerCase();
  if (spelling === 'strongswan' && name.includes('*')) return name.replace('*', String(keyBits ?? ''));
  if (keyBits === undefined) return name;
  return /\d$/.test(name) ? `${name}_${keyBits}` : `${name}${keyBits}`;
}

const groupText = (id: number, spelling: Spelling): string => {
  if (id === 0) return spelling === 'libreswan' ? 'none' : 'modpnone';
  const names = groupNames.find((each) => each.id === id);
  return names?.[spelling][0] ?? nameOf(KeyExchangeMethod, id).toLowerCase();
};

const prfText = (id: number, spelling: Spelling): string => {
  const names = hashNames.find((each) => each.prf === id);
  const name = spelling === 'libreswan' ? names?.libreswan[0] : names?.prfOnly;
  return name ?? nameOf(Prf, id).toLowerCase();
};

const integNames = (id: number): HashNames | undefined => hashNames.find((each) => each.integ === id);

const integText = (id: number, spelling: Spelling): string =>
  integNames(id)?.[spelling][0] ?? nameOf(Integ, id).toLowerCase();

const truncatedText = (id: number): string => integNames(id)?.integOnly[0] ?? nameOf(Integ, id).toLowerCase();
