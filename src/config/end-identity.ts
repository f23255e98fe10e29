/** `leftid=`: how an end is called. */
import { parseDn } from '../pki/index.ts';
import { addressIdentity, type Identity, identityOfDn, nobody, parseIdentity } from '../policy/identity.ts';
import { parseAddress } from '../wire/address.ts';
import { type HostFacts, isHostName } from './host.ts';
import type { End } from './lookup.ts';
import { type Mistakes, printable, quoted } from './mistake.ts';
import type { ConnSettings } from './settings.ts';

/** An identity, none in particular, or a host name whose address is the identity. */
export type EndIdentity = { readonly identity: Identity | undefined } | { readonly waitingFor: string };

/**
 * The identity of an end: its address unless the conn says another, as pluto has it even beside a certificate. `certified` is
 * what %fromcert stands for. Undefined when a mistake was reported.
 */
export function endIdentity(
  conn: ConnSettings,
  end: End,
  address: Uint8Array | undefined,
  facts: HostFacts,
  mistakes: Mistakes,
  certified?: Identity,
): EndIdentity | undefined {
  const setting = conn.settings.get(`${end}id`);
  const own = address && addressIdentity(address);
  const fail = (wrong: string, expected?: string): undefined => {
    if (setting !== undefined) mistakes.error(setting.at, `${end}id=: ${wrong}`, expected);
  };
  const text = setting?.text ?? '%none';
  switch (text.toLowerCase()) {
    case '%none':
      return { identity: own };
    case '%any':
    case '0.0.0.0':
    case '::':
      return { identity: undefined };
    case '%myid':
      return fail('%myid is obsolete', '@NAME or an address');
    case '%fromcert':
      return { identity: certified };
    case '%null':
      return { identity: nobody };
  }
  const name = identityName(text);
  if (name !== undefined) {
    if (setting !== undefined) {
      mistakes.note(
        setting.at,
        `${end}id=${name} is the address the name resolves to`,
        `@${name} for the name itself`,
      );
    }
    return named(name, address, facts);
  }
  try {
    return { identity: identityOf(text) };
  } catch (error) {
    const why = error instanceof Error ? error.message : '';
    return fail(
      `${quoted(text)}: ${printable(why)}`,
      'an address, @NAME, USER@HOST, @[KEYID], @#HEX or "C=..., CN=..."',
    );
  }
}

/** The identity a text is in pluto's spelling, distinguished names included. Throws IdentityError or PkiError. */
export const identityOf = (text: string): Identity =>
  text.includes('=') && !/^@[~#[]/.test(text) ? identityOfDn(parseDn(text)) : parseIdentity(text);

/** The host name an identity without `@` is, as pluto takes it: its address is the identity. */
export function identityName(text: string): string | undefined {
  const plain = !/[@=%]/.test(text) && parseAddress(text) === undefined && isHostName(text);
  return plain ? text.toLowerCase() : undefined;
}

function named(name: string, address: Uint8Array | undefined, facts: HostFacts): EndIdentity {
  const all = (facts.resolved?.get(name) ?? []).map(parseAddress).filter((each) => each !== undefined);
  const found = all.find((each) => address !== undefined && each.length === address.length) ?? all[0];
  return found === undefined ? { waitingFor: name } : { identity: addressIdentity(found) };
}
