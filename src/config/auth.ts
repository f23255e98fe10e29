/** `authby=`, `leftauth=` and `rightauth=`: today a shared key, and nothing else. */
import { placeOf } from './host.ts';
import { type Mistakes, quoted } from './mistake.ts';
import type { ConnSettings } from './settings.ts';

const methods = [
  'secret',
  'never',
  'null',
  'rsasig',
  'rsa',
  'ecdsa',
  'eddsa',
  'rsa-sha1',
  'rsa-sha2',
  'rsa-sha2_256',
  'rsa-sha2_384',
  'rsa-sha2_512',
  'ecdsa-sha1',
  'ecdsa-sha2',
  'ecdsa-sha2_256',
  'ecdsa-sha2_384',
  'ecdsa-sha2_512',
  'eaponly',
];

const onlySecret = 'authentication is by pre-shared key only';

/** Whether the conn authenticates with a shared key on both ends, or needs no authentication; else it is reported. */
export function checkAuth(conn: ConnSettings, shunt: boolean, mistakes: Mistakes): boolean {
  const by = conn.settings.get('authby');
  const left = conn.settings.get('leftauth');
  const right = conn.settings.get('rightauth');
  if (shunt) return true;
  const said = ['authby', 'leftauth', 'rightauth'];
  if (said.some((name) => conn.refused.has(name) && !conn.settings.has(name))) return false;
  if (left !== undefined || right !== undefined) {
    if (by !== undefined)
      mistakes.error(
        by.at,
        'authby= and leftauth= or rightauth= exclude each other',
        'authby=, or leftauth= and rightauth=',
      );
    if (left === undefined)
      mistakes.error(placeOf(conn, 'rightauth'), 'rightauth= without leftauth=', 'both');
    if (right === undefined)
      mistakes.error(placeOf(conn, 'leftauth'), 'leftauth= without rightauth=', 'both');
    for (const each of [left, right]) {
      if (each?.word === 'never')
        mistakes.error(each.at, `${each.name}=never: no one could connect`, `${each.name}=secret`);
    }
    return by === undefined && left?.word === 'secret' && right?.word === 'secret';
  }
  if (by === undefined) {
    mistakes.error(
      conn.at,
      `conn ${quoted(conn.name)} has no authby=, which means rsasig,ecdsa: ${onlySecret}`,
      'authby=secret',
    );
    return false;
  }
  const words = by.text
    .toLowerCase()
    .split(/[\s,+|]+/)
    .filter((word) => word !== '');
  for (const word of words.filter((each) => each !== 'secret')) {
    if (word === 'never')
      mistakes.error(by.at, 'authby=never is for type=passthrough, drop and reject', 'authby=secret');
    else if (methods.includes(word))
      mistakes.error(by.at, `authby=${word} is not supported: ${onlySecret}`, 'authby=secret');
    else
      mistakes.error(
        by.at,
        `authby=: ${quoted(word)} is no way to authenticate`,
        methods.slice(0, 6).join(', '),
      );
  }
  return words.length > 0 && words.every((word) => word === 'secret');
}
