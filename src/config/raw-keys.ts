/** `leftrsasigkey=`, `leftecdsakey=`, `lefteddsakey=` and `leftpubkey=`: public keys in the configuration itself. */
import { parsePublicKeyText } from '../pki/keys/public-key-text.ts';
import type { End } from './lookup.ts';
import { type Mistakes, printable } from './mistake.ts';
import type { ConnSettings, Setting } from './settings.ts';

const kinds = { rsasigkey: 'rsa', ecdsakey: 'ecdsa', eddsakey: 'eddsa', pubkey: 'pubkey' } as const;
const names = Object.keys(kinds) as (keyof typeof kinds)[];

export interface RawKey {
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array;
  readonly setting: Setting;
}

/** Those of an end, in the order above; `%cert` and `%none` say nothing. Undefined when a mistake was reported. */
export function rawKeys({ settings }: ConnSettings, end: End, mistakes: Mistakes): RawKey[] | undefined {
  const keys: RawKey[] = [];
  let failed = false;
  for (const name of names) {
    const setting = settings.get(`${end}${name}`);
    if (setting === undefined || /^%(?:cert|none)$/i.test(setting.text)) continue;
    const spki = rawKey(setting, kinds[name], mistakes);
    if (spki === undefined) failed = true;
    else keys.push({ spki, setting });
  }
  return failed ? undefined : keys;
}

function rawKey(
  { name, text, at }: Setting,
  kind: (typeof kinds)[keyof typeof kinds],
  mistakes: Mistakes,
): Uint8Array | undefined {
  if (text.startsWith('%')) {
    const dns = /^%dns/i.test(text);
    mistakes.error(
      at,
      dns ? `${name}=${printable(text)}: keys are not looked up in DNS` : `${name}=: no such key`,
      '%cert, or 0s and the key',
    );
    return undefined;
  }
  try {
    return parsePublicKeyText(kind, text);
  } catch (error) {
    const why = error instanceof Error ? error.message : '';
    mistakes.error(at, `${name}=: ${printable(why)}`, 'what ikev2 showhostkey prints');
    return undefined;
  }
}
