/** What this kernel can do, found out by doing it: an SA between two loopback addresses that is deleted again at once. */
import { isAead } from '../../policy/proposal.ts';
import { Encr, Integ, nameOf } from '../../wire/numbers.ts';
import { SystemError } from '../errno.ts';
import { type Libc, libc } from '../libc.ts';
import { KernelError, type SaCommand } from '../port.ts';
import { xfrmAddressOf } from './addresses.ts';
import { keyLengths } from './algorithms.ts';
import { attributeValue } from './attributes.ts';
import { deleteSa, newSa } from './commands.ts';
import { XfrmError } from './errors.ts';
import { Mode, SaDirection } from './numbers.ts';
import { allocateSpi, sadInfo } from './requests.ts';
import { XfrmSocket } from './socket.ts';

export interface Transforms {
  readonly encr: number;
  readonly keyBits: number;
  /** 0: none. */
  readonly integ: number;
}

const source = '127.0.0.8';
const destination = '127.0.0.9';
/** SPIs of ours and of larval states: of the reserved range, which no peer is given. */
const probed = 0x80;
const larval = 0x81;

/** Why there can be no XFRM here and what to do about it, in one line; undefined when there is. */
export function whyNoXfrm(calls: () => Libc = libc): string | undefined {
  try {
    const socket = new XfrmSocket(calls());
    try {
      socket.ask(sadInfo());
    } finally {
      socket.close();
    }
    return undefined;
  } catch (error) {
    if (error instanceof XfrmError || error instanceof SystemError) return advice(error);
    throw error;
  }
}

export class Probe {
  readonly #socket: XfrmSocket;
  readonly #reqid: number;
  readonly #known = new Map<string, string | undefined>();

  /** `reqid`: of what is made for a moment. */
  constructor(socket: XfrmSocket, reqid: number) {
    this.#socket = socket;
    this.#reqid = reqid;
  }

  /** Why the kernel cannot do ESP by these transforms, in one line; undefined when it can. Asked once for each. */
  lacks(transforms: Transforms): string | undefined {
    const key = Object.values(transforms).join(' ');
    if (!this.#known.has(key)) this.#known.set(key, this.#try(transforms));
    return this.#known.get(key);
  }

  /** Whether it has XFRMA_SA_DIR, of Linux 6.10: a larval state of a direction shows it. */
  knowsDirection(): boolean {
    const [from, to] = [xfrmAddressOf(source), xfrmAddressOf(destination)];
    if (!from || !to) return false;
    const ends = { source: from, destination: to };
    const spi = { min: larval, max: larval };
    const asked = allocateSpi({ ...ends, ...spi, mode: Mode.TRANSPORT, reqid: this.#reqid });
    try {
      const shown = this.#socket.ask({ ...asked, attributes: [{ kind: 'SA_DIR', value: SaDirection.IN }] });
      if (shown.kind !== 'NEWSA') return false;
      return attributeValue(shown.attributes, 'SA_DIR') === SaDirection.IN;
    } catch (error) {
      if (error instanceof XfrmError) return false;
      throw error;
    } finally {
      this.#socket.doAll([deleteSa({ spi: larval, destination })]);
    }
  }

  #try(transforms: Transforms): string | undefined {
    const sa = dummy(transforms, this.#reqid);
    if (sa === undefined) return `${describe(transforms)}: the kernel has no name for it`;
    try {
      this.#socket.do(newSa(sa));
    } catch (error) {
      if (error instanceof KernelError) return `${describe(transforms)}: the kernel has no name for it`;
      if (!(error instanceof XfrmError)) throw error;
      return error.errno === 'EEXIST' ? undefined : `${describe(transforms)}: ${reason(error)}`;
    }
    this.#socket.do(deleteSa(sa.id));
    return undefined;
  }
}

/** `AES_CBC-128 with HMAC_SHA2_256_128`. */
export function describe({ encr, keyBits, integ }: Transforms): string {
  const cipher = `${nameOf(Encr, encr)}${keyBits ? `-${keyBits}` : ''}`;
  return isAead(encr) || integ === Integ.NONE ? cipher : `${cipher} with ${nameOf(Integ, integ)}`;
}

const reason = ({ errno, extack }: XfrmError): string =>
  extack.message === undefined ? errno : `${extack.message} (${errno})`;

function dummy(transforms: Transforms, reqid: number): SaCommand | undefined {
  const lengths = keyLengths(transforms);
  if (lengths === undefined) return undefined;
  const key = (length: number) => Uint8Array.from({ length }, (_, i) => i + 1);
  return {
    id: { spi: probed, destination },
    source,
    direction: 'out',
    mode: 'transport',
    reqid,
    encryption: {
      transform: transforms.encr,
      keyBits: transforms.keyBits,
      key: key(lengths.encryption),
    },
    ...(lengths.integrity > 0 && {
      integrity: { transform: transforms.integ, key: key(lengths.integrity) },
    }),
    ...{ esn: false, replayWindow: 32, local: [], remote: [] },
  };
}

function advice({ errno, message }: XfrmError | SystemError): string {
  switch (errno) {
    case 'EPERM':
      return 'no right to change the IPsec state of the kernel (CAP_NET_ADMIN). Run as root, or once: setcap cap_net_admin,cap_net_bind_service=ep "$(readlink -f "$(command -v node)")"';
    case 'EPROTONOSUPPORT':
    case 'EAFNOSUPPORT':
      return 'the kernel has no XFRM (xfrm_user). Try: modprobe xfrm_user';
    default:
      return message;
  }
}
