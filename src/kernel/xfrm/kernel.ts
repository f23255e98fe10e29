/** The data plane that is the kernel's own, by XFRM. */
import { SystemError } from '../errno.ts';
import { type Libc, libc } from '../libc.ts';
import {
  type Kernel,
  type KernelCommand,
  KernelError,
  type KernelNotice,
  type PolicyCommand,
  type SaCommand,
  type SaCounters,
  type SaId,
} from '../port.ts';
import { setAcquireExpiry } from './acquire-expiry.ts';
import { deleteSa, forgetKeys, getSa, type Masked, newSa } from './commands.ts';
import { Deletions } from './deletions.ts';
import { XfrmError } from './errors.ts';
import { noticeGroups, noticeOf } from './events.ts';
import { clearLarval, clearLeftovers, ourReqids } from './leftovers.ts';
import { XfrmLock } from './lock.ts';
import { checkEncodable, type MessageOf, type XfrmMessage } from './messages.ts';
import { XfrmMonitor } from './monitor.ts';
import { moveSa } from './move.ts';
import { neighbourDiscoveryBypass, policyDeletion } from './policies.ts';
import { ourIndex, PolicyStacks } from './policy-stacks.ts';
import { describe, Probe, type Transforms } from './probe.ts';
import { resync } from './resync.ts';
import { reqidOf, saOptions } from './settings.ts';
import { XfrmSocket } from './socket.ts';
import { Uses } from './uses.ts';

export interface XfrmKernelOptions {
  readonly notice: (notice: KernelNotice) => void;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Milliseconds since 1970 of the wall clock, by which the kernel tells when an SA was last used. */
  readonly unixTime: () => number;
  /** Something the operator should know, in one line. */
  readonly remark?: (text: string) => void;
  /** Reqids the configuration names (`reqid=`): ours too, beside `ourReqids`. */
  readonly reqids?: Iterable<number>;
  /** net.core.xfrm_acq_expires while we run, in seconds; it stays as it is unless said. */
  readonly acquireExpiry?: number;
  readonly calls?: Libc;
}

/** What is known here of an SA the kernel has. */
export interface HeldSa {
  readonly id: SaId;
  readonly source: string;
  readonly direction: SaCommand['direction'];
  /** The kernel's. */
  readonly reqid: number;
  readonly mark: Masked | undefined;
}

/** Of what is made for a moment to see whether it can be. */
const probeReqid = ourReqids.last;

export class XfrmKernel implements Kernel {
  readonly name = 'xfrm';
  readonly #options: XfrmKernelOptions;
  readonly #socket: XfrmSocket;
  readonly #lock: XfrmLock;
  readonly #monitor: XfrmMonitor;
  readonly #probe: Probe;
  readonly #tellDirection: boolean;
  readonly #sas = new Map<string, HeldSa>();
  readonly #stacks = new PolicyStacks();
  readonly #uses: Uses;
  readonly #deletions: Deletions;
  readonly #bypasses: XfrmMessage[];
  readonly #putBack: () => void;
  readonly #isOurs: (reqid: number) => boolean;
  #closed = false;

  /**
   * Clears what a run before left. Throws SystemError (no koffi, no XFRM; EADDRINUSE: another has this kernel) and
   * XfrmError (EPERM), see `whyNoXfrm`; nothing is then left behind, and nothing of another's is touched.
   */
  constructor(options: XfrmKernelOptions) {
    this.#options = options;
    const named = new Set(options.reqids);
    this.#isOurs = (reqid) => named.has(reqid) || (reqid >= ourReqids.first && reqid <= ourReqids.last);
    const calls = options.calls ?? libc();
    this.#uses = new Uses(options.now, options.unixTime);
    this.#socket = new XfrmSocket(calls);
    this.#deletions = new Deletions(this.#socket);
    let lock: XfrmLock | undefined;
    try {
      lock = new XfrmLock(calls);
      this.#clear();
      this.#probe = new Probe(this.#socket, probeReqid);
      this.#tellDirection = this.#probe.knowsDirection();
      this.#monitor = new XfrmMonitor(
        {
          groups: noticeGroups,
          told: (message) => this.#told(message),
          lost: () => this.#resync(),
          failed: (error) => this.#remark(`the kernel is not heard any more: ${error.message}`),
        },
        calls,
      );
    } catch (error) {
      this.#socket.close();
      lock?.close();
      throw error;
    }
    this.#lock = lock;
    this.#bypasses = this.#letNeighboursPass();
    this.#putBack = this.#setExpiry();
    process.on('exit', this.#exit);
  }

  lacks(transforms: Transforms): string | undefined {
    return this.#probe.lacks(transforms);
  }

  /**
   * Throws KernelError with the kernel's errno and words; EEXIST, ESRCH (no such SA of ours), ENOENT (no such policy),
   * EINVAL (what the kernel has no way to say), EBADF (closed).
   */
  apply(command: KernelCommand): void {
    if (this.#closed) throw new KernelError(command.kind, 'EBADF', 'closed');
    try {
      this.#deletions.retry();
      this.#apply(command);
    } catch (error) {
      if (error instanceof XfrmError) throw refusal(command.kind, error);
      if (error instanceof SystemError) throw new KernelError(command.kind, error.errno, error.call);
      if (error instanceof RangeError) throw new KernelError(command.kind, 'EINVAL', error.message);
      throw error;
    }
  }

  counters(id: SaId): SaCounters | undefined {
    const sa = this.#sas.get(keyOf(id));
    if (sa === undefined || this.#closed) return undefined;
    try {
      const shown = this.#show(sa);
      forgetKeys(shown);
      return this.#uses.counters(keyOf(id), shown);
    } catch (error) {
      if (error instanceof XfrmError || error instanceof SystemError) return undefined;
      throw error;
    }
  }

  /** Deletes everything this one made, and nothing else, and puts back what was changed. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    process.off('exit', this.#exit);
    for (const step of [
      () => this.#monitor.close(),
      () => this.#deleteAll(),
      () => clearLarval(this.#socket, this.#isOurs),
      () => this.#putBack(),
      () => this.#socket.close(),
      () => this.#lock.close(),
    ]) {
      try {
        step();
      } catch (error) {
        this.#remark(`the kernel's IPsec state could not be cleared: ${messageOf(error)}`);
      }
    }
  }

  readonly #exit = (): void => this.close();

  #apply(command: KernelCommand): void {
    switch (command.kind) {
      case 'addSa':
        return this.#addSa(command.sa);
      case 'updateSa':
        return this.#updateSa(command);
      case 'deleteSa':
        return this.#deleteSa(command.id);
      case 'addPolicy':
        return this.#addPolicy(command.policy);
      case 'deletePolicy': {
        const messages = this.#stacks.remove(command.policy);
        if (messages === undefined) throw new KernelError(command.kind, 'ENOENT', 'no such policy');
        return this.#deletions.do(messages);
      }
    }
  }

  #addSa(sa: SaCommand): void {
    const options = saOptions(sa, this.#tellDirection);
    const reqid = reqidOf(sa);
    const key = keyOf(sa.id);
    try {
      this.#socket.do(newSa({ ...sa, reqid }, options));
    } catch (error) {
      if (error instanceof XfrmError) {
        if (cannot.has(error.errno)) this.#remarkLack(sa, error);
        if (!this.#sas.has(key)) this.#deletions.owe(error, deleteSa(sa.id, options.mark));
      }
      throw error;
    }
    const { id, source, direction } = sa;
    this.#sas.set(key, { id, source, direction, reqid, mark: options.mark });
  }

  /** Its policies follow it: they name the tunnel's ends. */
  #updateSa(command: Extract<KernelCommand, { kind: 'updateSa' }>): void {
    const sa = this.#held(command.kind, command.id);
    const { source, destination } = command;
    const current = this.#show(sa);
    try {
      const steps = moveSa(current, { ...command, direction: sa.direction });
      checkEncodable(steps);
      const id = { spi: sa.id.spi, destination };
      const policies = this.#stacks.move(sa.reqid, endsOf(sa), endsOf({ ...sa, id, source }));
      const last = steps.at(-1)?.kind === 'DELSA' ? steps.slice(-1) : [];
      const refused = this.#socket.doAll([
        ...steps.slice(0, steps.length - last.length),
        ...policies,
        ...last,
      ]);
      const at = steps.findIndex(({ kind }, i) => kind !== 'DELSA' && refused[i]);
      const why = refused[at];
      if (why) {
        this.#socket.doAll([
          { ...current, kind: 'NEWSA' },
          ...this.#stacks.move(sa.reqid, endsOf({ ...sa, id, source }), endsOf(sa)),
        ]);
        throw why;
      }
      this.#sas.delete(keyOf(sa.id));
      this.#sas.set(keyOf(id), { ...sa, id, source });
      this.#uses.move(keyOf(sa.id), keyOf(id));
    } finally {
      forgetKeys(current);
    }
  }

  /** One that expired is gone already. */
  #deleteSa(id: SaId): void {
    const sa = this.#held('deleteSa', id);
    this.#sas.delete(keyOf(id));
    this.#uses.forget(keyOf(id));
    this.#deletions.do([deleteSa(id, sa.mark)]);
  }

  #addPolicy(policy: PolicyCommand): void {
    const refused = this.#socket.doAll(this.#stacks.add(policy)).find((each) => each !== undefined);
    if (refused === undefined) return;
    this.#socket.doAll(this.#stacks.remove(policy) ?? []);
    throw refused;
  }

  #held(kind: KernelCommand['kind'], id: SaId): HeldSa {
    const sa = this.#sas.get(keyOf(id));
    if (sa === undefined) throw new KernelError(kind, 'ESRCH', keyOf(id));
    return sa;
  }

  /** With its keys. */
  #show({ id, mark }: HeldSa): MessageOf<'NEWSA'> {
    const shown = this.#socket.ask(getSa(id, mark));
    if (shown.kind !== 'NEWSA') throw new XfrmError('GETSA', 'EPROTO');
    return shown;
  }

  #told(message: XfrmMessage): void {
    if (this.#closed) return;
    const notice = noticeOf(message);
    if (notice === undefined) return;
    if (message.kind === 'ACQUIRE' && notice.kind === 'acquire') {
      const policy = this.#stacks.acquired(message);
      if (policy) this.#options.notice({ ...notice, reqid: policy.reqid });
    } else if ('id' in notice && this.#sas.has(keyOf(notice.id))) this.#options.notice(notice);
  }

  /** Notices were lost: what they were about is looked for. */
  #resync(): void {
    if (this.#closed) return;
    try {
      this.#deletions.retry();
      const { notices, missing } = resync(this.#socket, this.#sas, this.#stacks);
      this.#socket.doAll(missing);
      for (const notice of notices) this.#options.notice(notice);
    } catch (error) {
      this.#remark(`the kernel's IPsec state could not be read: ${messageOf(error)}`);
    }
  }

  #deleteAll(): void {
    const sas = [...this.#sas.values()].map(({ id, mark }) => deleteSa(id, mark));
    this.#deletions.do([...this.#stacks.clear(), ...sas, ...this.#deletions.owed, ...this.#bypasses]);
  }

  #clear(): void {
    const { sas, policies } = clearLeftovers(this.#socket, this.#isOurs);
    if (sas + policies > 0)
      this.#remark(`cleared in the kernel from a run before: SAs ${sas}, policies ${policies}`);
  }

  /** What deletes those that were not there before. */
  #letNeighboursPass(): XfrmMessage[] {
    const wanted = neighbourDiscoveryBypass().map((message, n) => ({
      ...message,
      body: { ...message.body, index: ourIndex(-1 - n, message.body.dir) },
    }));
    const refused = this.#socket.doAll(wanted);
    return wanted.filter((_, i) => refused[i] === undefined).map(policyDeletion);
  }

  #setExpiry(): () => void {
    const { acquireExpiry } = this.#options;
    if (acquireExpiry === undefined) return () => {};
    try {
      return setAcquireExpiry(acquireExpiry);
    } catch (error) {
      this.#remark(`net.core.xfrm_acq_expires stays as it is: ${messageOf(error)}`);
      return () => {};
    }
  }

  #remarkLack({ encryption, integrity }: SaCommand, error: XfrmError): void {
    const { transform: encr, keyBits } = encryption;
    const what = describe({ encr, keyBits, integ: integrity?.transform ?? 0 });
    this.#remark(
      `the kernel cannot do ESP by ${what}: ${error.extack.message ?? 'no such algorithm'} (${error.errno})`,
    );
  }

  #remark(text: string): void {
    this.#options.remark?.(text);
  }
}

/** What NEWSA says of an algorithm, or of ESP altogether, that is not there. */
const cannot: ReadonlySet<string> = new Set(['ENOSYS', 'EPROTONOSUPPORT', 'ENOENT']);
const keyOf = ({ spi, destination }: SaId): string => `${spi.toString(16).padStart(8, '0')}@${destination}`;

const endsOf = ({ id: { destination }, source, direction }: HeldSa) =>
  direction === 'out' ? { local: source, remote: destination } : { local: destination, remote: source };

const refusal = (kind: KernelCommand['kind'], { errno, extack }: XfrmError): KernelError =>
  new KernelError(kind, errno, extack.message);

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
