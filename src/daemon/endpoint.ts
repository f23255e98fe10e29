/** An address and a port as text. */
import { isIPv6 } from 'node:net';
import type { Endpoint } from '../ike/actions.ts';

export const formatEndpoint = ({ address, port }: Endpoint): string =>
  isIPv6(address) ? `[${address}]:${port}` : `${address}:${port}`;
